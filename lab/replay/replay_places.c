#include <string.h>

#include "base/cleanup.h"
#include "replay/replay_parts.h"

#define COMPONENT_MAX 200
#define PATH_PARTS    24
#define OTHERS	      "oomlab-others"

/* What a cgroup cannot be called: files of cgroupfs have such names. */
static bool is_control_file(const char *name, size_t len)
{
	static const char *const prefixes[] = {"cgroup.",  "memory.", "cpu",   "io.", "pids.",
					       "hugetlb.", "misc.",   "rdma.", "irq."};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (len >= strlen(prefixes[i]) && !strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return (len == 1 && *name == '.') || (len == 2 && !strncmp(name, "..", 2));
}

/* "a/b" of "/a/b"; sets *is_changed where it cannot be made as it stands. The caller frees. */
static char *as_place(const char *path, bool *is_changed)
{
	_cleanup_strbuf_ struct strbuf place = STRBUF_INIT;
	int parts = 0;

	while (*path) {
		size_t len = strcspn(path, "/");
		size_t kept = len > COMPONENT_MAX ? COMPONENT_MAX : len;

		if (len && ++parts > PATH_PARTS) {
			*is_changed = true;
			break;
		}
		if (len) {
			strbuf_puts(&place, place.len ? "/" : "");
			if (is_control_file(path, len))
				strbuf_putc(&place, '_');
			strbuf_append(&place, path, kept);
			*is_changed |= kept < len || is_control_file(path, len);
		}
		path += len + (path[len] == '/');
	}
	return xstrdup(place.buf ? place.buf : "");
}

static size_t place_of(struct replay_plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->places.count; i++)
		if (strcmp(plan->places.list[i], path) == 0)
			return i;
	strvec_push(&plan->places, path);
	return plan->places.count - 1;
}

/* The place and all above it, those first. */
static size_t add_place(struct replay_plan *plan, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		_cleanup_free_ char *above = text_format("%.*s", (int)(slash - path), path);

		place_of(plan, above);
	}
	return place_of(plan, path);
}

static bool is_below(const char *path, const char *above)
{
	size_t len = strlen(above);

	return !strncmp(path, above, len) && (path[len] == '/' || !path[len]);
}

static bool is_known_path(const char *path)
{
	return path && path[strspn(path, "/")];
}

/* Where the victim was; "victim" where the log does not tell, or tells the root. */
static char *victims_place(struct replay_plan *plan, const struct oomlog_event *ev,
			   bool *is_changed)
{
	if (is_known_path(ev->task_memcg))
		return as_place(ev->task_memcg, is_changed);
	if (plan->bound == STAGE_CGROUP && is_known_path(ev->oom_memcg))
		return as_place(ev->oom_memcg, is_changed);
	return xstrdup("victim");
}

/* Where the limit was: above the victim, or else the victim's own. */
static char *limited_place(struct replay_plan *plan, const struct oomlog_event *ev,
			   const char *victims, bool *is_changed)
{
	char *limited = is_known_path(ev->oom_memcg) ? as_place(ev->oom_memcg, is_changed)
						     : xstrdup(victims);

	if (is_below(victims, limited))
		return limited;
	REPLAY_CHOSE(plan, "The log names a cgroup whose limit was reached that is not above that "
			   "of the victim: the limit is on the victim's.");
	free(limited);
	return xstrdup(victims);
}

/* A cgroup with processes cannot pass controllers on, so the others have one of their own. */
static size_t others_place(struct replay_plan *plan, const char *victims, const char *limited)
{
	_cleanup_free_ char *path = NULL;

	if (limited && strcmp(victims, limited) == 0)
		return add_place(plan, victims);
	path = limited ? text_format("%s/" OTHERS, limited) : xstrdup(OTHERS);
	return add_place(plan, path);
}

static void find_group(struct replay_plan *plan, const struct oomlog_event *ev,
		       const struct what_if_changes *changes, const char *victims)
{
	bool ignored = false;
	_cleanup_free_ char *group = NULL;

	if (changes->group == WHAT_IF_OFF)
		return;
	if (changes->group == WHAT_IF_ON) {
		plan->grouped = place_of(plan, victims);
		return;
	}
	if (!ev->group_kill && !is_known_path(ev->group_memcg))
		return;
	group = is_known_path(ev->group_memcg) ? as_place(ev->group_memcg, &ignored)
					       : xstrdup(victims);
	plan->grouped = is_below(victims, group) ? add_place(plan, group) : place_of(plan, victims);
}

/* One that the table lists and that was not killed; of an invoker that was made up nothing is told. */
static bool is_other(const struct replay_row *row)
{
	return !row->is_victim && row->task;
}

static bool has_others(const struct replay_plan *plan)
{
	for (size_t i = 0; i < plan->row_count; i++)
		if (is_other(&plan->rows[i]))
			return true;
	return false;
}

void replay_places_make(struct replay_plan *plan, const struct oomlog_event *ev,
			const struct what_if_changes *changes)
{
	bool is_changed = false, is_memcg = plan->bound == STAGE_CGROUP;
	_cleanup_free_ char *victims = victims_place(plan, ev, &is_changed);
	_cleanup_free_ char *limited = is_memcg ? limited_place(plan, ev, victims, &is_changed)
						: NULL;
	size_t own = add_place(plan, victims), others;

	others = has_others(plan) ? others_place(plan, victims, limited) : own;
	for (size_t i = 0; i < plan->row_count; i++)
		plan->rows[i].place = is_other(&plan->rows[i]) ? others : own;
	if (is_memcg)
		plan->limited = add_place(plan, limited);
	find_group(plan, ev, changes, victims);
	if (others != own)
		REPLAY_CHOSE(plan,
			     "In which cgroup the other processes were is not in the log: "
			     "they are in one of their own%s.",
			     is_memcg ? " below the same limit" : "");
	if (is_changed)
		REPLAY_CHOSE(plan, "The cgroup's path cannot be made as it stands: it is changed.");
}
