#include "launch/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

static struct sysctl_change *add(struct sysctl_set *set, const char *path)
{
	struct sysctl_change *change = &set->changes[set->count++];

	change->path = path;
	return change;
}

void sysctl_plan(const struct spec *spec, struct sysctl_set *set)
{
	*set = (struct sysctl_set){.state = SYSCTL_STATE_INIT, .root = ""};
	/*
	 * The ratio comes first: mode 2 with the old ratio could refuse memory to the launcher
	 * itself.
	 */
	if (spec->overcommit_ratio != SPEC_KEEP)
		snprintf(add(set, SYSCTL_OVERCOMMIT_RATIO)->value, SYSCTL_VALUE_MAX, "%" PRId64,
			 spec->overcommit_ratio);
	if (spec->overcommit_memory != SPEC_KEEP)
		snprintf(add(set, SYSCTL_OVERCOMMIT_MEMORY)->value, SYSCTL_VALUE_MAX, "%" PRId64,
			 spec->overcommit_memory);
	if (spec->thp)
		snprintf(add(set, SYSCTL_THP_ENABLED)->value, SYSCTL_VALUE_MAX, "%s",
			 spec_thp_names[spec->thp]);
}

int sysctl_read(const char *path, char *value, size_t size)
{
	char line[256], *open, *close;
	int r = io_read_line_at(AT_FDCWD, path, line, sizeof(line));

	if (r)
		return r;
	open = strchr(line, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close)
		*close = '\0';
	snprintf(value, size, "%s", close ? open + 1 : line);
	return 0;
}

/* 0 or -errno; *now is what the setting is afterwards, "" where that cannot be read. */
static int set_to(const char *root, const char *path, const char *value, char *now)
{
	_cleanup_free_ char *file = text_format("%s%s", root, path);
	int written = io_write_at(AT_FDCWD, file, value);
	int r = sysctl_read(file, now, SYSCTL_VALUE_MAX);

	if (r)
		*now = '\0';
	return written ? written : r;
}

static int read_now(const char *root, const char *path, char *now)
{
	_cleanup_free_ char *file = text_format("%s%s", root, path);
	int r = sysctl_read(file, now, SYSCTL_VALUE_MAX);

	if (r)
		*now = '\0';
	return r;
}

static int apply_one(const char *root, const struct sysctl_change *change, struct err *err)
{
	char found[SYSCTL_VALUE_MAX];
	int r = set_to(root, change->path, change->value, found);

	if (r)
		return err_set(err, EXIT_LAB_BROKEN, "cannot set %s to %s: %s", change->path,
			       change->value, strerror(-r));
	if (strcmp(found, change->value) != 0)
		return err_set(err, EXIT_LAB_BROKEN, "%s is '%s' after setting it to '%s'",
			       change->path, found, change->value);
	return 0;
}

/* 0, or -errno: -EIO when the write succeeded but another value is read back. */
static int put_back(const char *root, struct sysctl_finding *f)
{
	int r = read_now(root, f->saved.path, f->found);

	memcpy(f->now, f->found, sizeof(f->now));
	if (!r && strcmp(f->found, f->saved.old) != 0)
		r = set_to(root, f->saved.path, f->saved.old, f->now);
	return r ? r : strcmp(f->now, f->saved.old) == 0 ? 0 : -EIO;
}

/*
 * Going back to mode 2, the ratio must be right first; going back to another, the mode comes first.
 */
static int rank(const struct sysctl_saved *s)
{
	if (strcmp(s->path, SYSCTL_OVERCOMMIT_MEMORY) != 0)
		return 1;
	return strcmp(s->old, "2") != 0 ? 0 : 2;
}

/* Puts back everything, by rank; what could not be put back stays in *state. */
static void put_all_back(struct sysctl_state *state, const char *root, struct sysctl_findings *f)
{
	*f = (struct sysctl_findings){0};
	for (int turn = 0; turn <= 2; turn++)
		for (size_t i = 0; i < state->count; i++) {
			struct sysctl_finding *item = &f->items[f->count];

			if (rank(&state->saved[i]) != turn)
				continue;
			item->saved = state->saved[i];
			item->cause = -put_back(root, item);
			f->count++;
		}
	state->count = 0;
	for (size_t i = 0; i < f->count; i++)
		if (f->items[i].cause)
			state->saved[state->count++] = f->items[i].saved;
}

/*
 * Setting overcommit_ratio makes the kernel clear overcommit_kbytes, and the other way round. Where
 * the latter is in use, its value is saved for the ratio, because putting it back clears the ratio.
 */
static int save_one(struct sysctl_set *set, const struct sysctl_change *change)
{
	struct sysctl_saved *s = sysctl_state_find(&set->state, change->path);
	bool is_old = s != NULL; /* a dead launcher's, not put back: its value is the older one */
	int r = 0;

	if (!s) {
		s = &set->state.saved[set->state.count];
		s->path = SYSCTL_OVERCOMMIT_KBYTES;
		if (strcmp(change->path, SYSCTL_OVERCOMMIT_RATIO) != 0 ||
		    read_now(set->root, s->path, s->old) || !strcmp(s->old, "0")) {
			s->path = change->path;
			r = read_now(set->root, s->path, s->old);
		}
	}
	if (r)
		return r;
	snprintf(s->value, sizeof(s->value), "%s",
		 !strcmp(s->path, change->path) ? change->value : "0");
	set->state.count += !is_old;
	return 0;
}

static int save(struct sysctl_set *set, struct err *err)
{
	for (size_t i = 0; i < set->count; i++) {
		int r = save_one(set, &set->changes[i]);

		if (r)
			return err_set(err, EXIT_LAB_BROKEN, "cannot read %s: %s",
				       set->changes[i].path, strerror(-r));
	}
	return sysctl_state_write(&set->state, err);
}

int sysctl_apply(struct sysctl_set *set, const char *state_dir, struct err *err)
{
	struct sysctl_findings left;
	struct err later = ERR_INIT;
	int r;

	if (!set->count)
		return 0;
	if (state_dir && sysctl_state_lock(&set->state, state_dir, err) < 0)
		return -1;
	put_all_back(&set->state, set->root, &left);
	r = save(set, err);
	for (size_t i = 0; i < set->count && r == 0; i++)
		r = apply_one(set->root, &set->changes[i], err);
	if (r < 0 && sysctl_restore(set, &later) < 0)
		err_hint(err, "%s", later.text);
	return r;
}

static int tell_stuck(const struct sysctl_findings *f, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < f->count; i++) {
		const struct sysctl_finding *item = &f->items[i];

		if (!item->cause)
			continue;
		strbuf_printf(&text, "%s%s is '%s' and was '%s'", text.len ? ", " : "",
			      item->saved.path, item->now, item->saved.old);
		if (item->cause != EIO)
			strbuf_printf(&text, " (%s)", strerror(item->cause));
	}
	if (!text.len)
		return 0;
	err_set(err, EXIT_LAB_BROKEN, "cannot put back what the kernel was set to: %s", text.buf);
	return err_hint(err, "'oomlab doctor --restore' tries it again");
}

int sysctl_restore(struct sysctl_set *set, struct err *err)
{
	struct sysctl_findings left;
	int r;

	if (!set->state.count && !set->state.is_locked)
		return 0;
	put_all_back(&set->state, set->root, &left);
	r = sysctl_state_write(&set->state, err);
	if (tell_stuck(&left, err) < 0)
		r = -1;
	sysctl_state_release(&set->state);
	return r;
}

static void list(const struct sysctl_state *state, const char *root, struct sysctl_findings *f)
{
	*f = (struct sysctl_findings){.count = state->count};
	for (size_t i = 0; i < state->count; i++) {
		f->items[i].saved = state->saved[i];
		f->items[i].cause = -read_now(root, state->saved[i].path, f->items[i].found);
		memcpy(f->items[i].now, f->items[i].found, sizeof(f->items[i].now));
	}
}

int sysctl_examine(const char *state_dir, const char *root, bool restore,
		   struct sysctl_findings *findings, struct err *err)
{
	struct sysctl_state state;
	pid_t holder;
	int r = sysctl_state_look(&state, state_dir, &holder, err);

	*findings = (struct sysctl_findings){0};
	if (r < 0)
		return -1;
	list(&state, root, findings);
	findings->holder = holder;
	if (!state.count || holder || !restore)
		return 0;
	if (sysctl_state_lock(&state, state_dir, err) < 0)
		return -1;
	put_all_back(&state, root, findings);
	r = sysctl_state_write(&state, err);
	sysctl_state_release(&state);
	return r;
}
