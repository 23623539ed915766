#include "replay/replay_plan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "replay/replay_parts.h"

#define LIMIT_MIN ((int64_t)1 << 20)

const char *const replay_constraints[STAGE_BOUND_COUNT] = {"NONE", "MEMCG", "CPUSET",
							   "MEMORY_POLICY"};

static enum stage_bound bound_of(const struct oomlog_event *ev)
{
	switch (ev->scope) {
	case SCOPE_OWN:
	case SCOPE_ANCESTOR:
	case SCOPE_MEMCG:
	case SCOPE_OTHER:
		return STAGE_CGROUP;
	case SCOPE_CPUSET:
		return STAGE_CPUSET;
	case SCOPE_MEMPOLICY:
		return STAGE_POLICY;
	case SCOPE_GLOBAL:
	case SCOPE_NONE:
	case SCOPE_UNKNOWN:
	case SCOPE_COUNT:
	default:
		return STAGE_MACHINE;
	}
}

static enum stage_way way_of(const struct oomlog_event *ev)
{
	switch ((int)ev->mechanism) {
	case MECHANISM_LIMIT_LOWERED:
		return STAGE_LOWER_LIMIT;
	case MECHANISM_SYSRQ:
		return STAGE_SYSRQ;
	case MECHANISM_MIN_TTL:
		return STAGE_MIN_TTL;
	case MECHANISM_FORK:
		return STAGE_FORK;
	case MECHANISM_PIPE_WRITE:
	case MECHANISM_SOCKET:
	case MECHANISM_FILE_METADATA:
	case MECHANISM_SYSCALL_COPY:
	case MECHANISM_SYSCALL:
		return STAGE_PIPE;
	case MECHANISM_TMPFS_WRITE:
		return STAGE_WRITE_TMPFS;
	case MECHANISM_FILE_READ:
	case MECHANISM_FILE_WRITE:
		return STAGE_WRITE_FILE;
	case MECHANISM_FILE_FAULT:
		return STAGE_TOUCH_FILE;
	default:
		return ev->by_hand ? STAGE_SYSRQ : STAGE_TOUCH;
	}
}

/* Ways that are as in the log need no word. */
static bool is_same_way(enum mechanism mechanism)
{
	switch ((int)mechanism) {
	case MECHANISM_LIMIT_LOWERED:
	case MECHANISM_SYSRQ:
	case MECHANISM_MIN_TTL:
	case MECHANISM_FORK:
	case MECHANISM_PIPE_WRITE:
	case MECHANISM_TMPFS_WRITE:
	case MECHANISM_FILE_WRITE:
	case MECHANISM_FILE_FAULT:
	case MECHANISM_PAGE_FAULT:
	case MECHANISM_SOME_PAGE_FAULT:
		return true;
	default:
		return false;
	}
}

static void choose_way(struct replay_plan *plan, const struct oomlog_event *ev)
{
	const char *words = mechanism_words[ev->mechanism].sentence;

	plan->way = way_of(ev);
	if ((plan->way == STAGE_SYSRQ || plan->way == STAGE_MIN_TTL) &&
	    plan->bound != STAGE_MACHINE)
		plan->way = STAGE_TOUCH;
	if (plan->way == STAGE_LOWER_LIMIT && plan->bound != STAGE_CGROUP)
		plan->way = STAGE_TOUCH;
	if (is_same_way(ev->mechanism) || ev->by_hand)
		return;
	if (ev->mechanism == MECHANISM_NONE)
		REPLAY_CHOSE(plan, "The log does not tell how memory was requested: here it is a "
				   "page fault.");
	else
		REPLAY_CHOSE(plan, "In the log the invoker %s; here it %s.", words,
			     plan->way == STAGE_WRITE_FILE ? "wrote a file"
			     : plan->way == STAGE_PIPE	   ? "wrote to a pipe"
							   : "touched memory");
}

/* Slab that cannot be freed; more than all there was is not believed. */
static int64_t slab_of(const struct replay_plan *plan, const struct oomlog_event *ev)
{
	bool is_cgroup = plan->bound == STAGE_CGROUP;
	int64_t bytes =
		is_cgroup ? oomlog_stat_value(ev->stats, ev->stat_count, "slab_unreclaimable")
			  : oomlog_stat_value(ev->meminfo, ev->meminfo_count, "slab_unreclaimable");
	int64_t most = is_cgroup ? ev->limit_bytes : ev->ram_bytes;

	return is_known(most) && replay_clamp(bytes) < most ? replay_clamp(bytes) : 0;
}

/* Memory that was free and of no use to the request: fragmented, in other zones, not what it lacked. */
static void choose_free(struct replay_plan *plan, const struct oomlog_event *ev)
{
	int64_t free_bytes = oomlog_stat_value(ev->meminfo, ev->meminfo_count, "free");

	if (plan->bound == STAGE_MACHINE && plan->way != STAGE_SYSRQ && is_known(ev->ram_bytes) &&
	    replay_clamp(free_bytes) > replay_clamp(ev->ram_bytes) / 10)
		REPLAY_CHOSE(plan,
			     "In the log %s were free when memory ran out; here all is "
			     "filled.",
			     TEXT_SIZE((uint64_t)free_bytes));
}

/* vm.panic_on_oom had the kernel panic; that nobody was left to kill is another thing. */
static int panic_of(const struct oomlog_event *ev)
{
	if (!ev->panic || ev->no_killable_process || ev->victim_count)
		return 0;
	return ev->panic_is_compulsory ? 2 : 1;
}

/* A change that would be without effect is refused, not ignored. */
static int check_changes(const struct replay_plan *plan, const struct what_if_changes *changes,
			 struct err *err)
{
	bool is_cgroup = plan->bound == STAGE_CGROUP;

	if (is_known(changes->limit_bytes) && !is_cgroup)
		return err_set(err, EXIT_USAGE,
			       "--what-if limit=: no limit of a cgroup was reached in this kill");
	if (is_known(changes->limit_bytes) && changes->limit_bytes < LIMIT_MIN)
		return err_set(err, EXIT_USAGE,
			       "--what-if limit=: less than 1M leaves no room for a process");
	if (changes->allocating == WHAT_IF_ON && is_cgroup)
		return err_set(
			err, EXIT_USAGE,
			"--what-if kill-allocating=on: the kernel heeds it where the machine "
			"runs out, and not at the limit of a cgroup");
	return 0;
}

int replay_plan_make(struct replay_plan *plan, const struct oomlog_event *ev,
		     struct what_if_changes *changes, int64_t ram_max, struct err *err)
{
	*plan = (struct replay_plan){
		.places = STRVEC_INIT,
		.choices = STRVEC_INIT,
		.limited = SIZE_MAX,
		.grouped = SIZE_MAX,
		.invoker = SIZE_MAX,
		.bound = bound_of(ev),
		.nodes = 1,
	};
	plan->panic_on_oom = panic_of(ev);
	if (!ev->victim_count && !plan->panic_on_oom)
		return err_set(err, EXIT_FAILED,
			       "no process was killed in this event, or its line is missing: there "
			       "is no kill to replay");
	if (check_changes(plan, changes, err) < 0)
		return -1;
	if (plan->bound == STAGE_CPUSET || plan->bound == STAGE_POLICY)
		plan->nodes = 2;
	/* A limit of a cgroup heeds no vm.oom_kill_allocating_task. */
	plan->kills_invoker = plan->bound != STAGE_CGROUP &&
			      (changes->allocating == WHAT_IF_ON ||
			       (changes->allocating != WHAT_IF_OFF && ev->allocating_task));
	choose_way(plan, ev);
	replay_rows_make(plan, ev, changes);
	plan->slab_bytes = slab_of(plan, ev);
	choose_free(plan, ev);
	if (ev->constraint &&
	    text_index(replay_constraints, ARRAY_SIZE(replay_constraints), ev->constraint) < 0)
		REPLAY_CHOSE(plan,
			     "The log's constraint, %s, is none of the kernel's own: here it "
			     "is %s.",
			     ev->constraint, replay_constraints[plan->bound]);
	replay_places_make(plan, ev, changes);
	if (plan->way != STAGE_SYSRQ)
		REPLAY_CHOSE(plan,
			     "What no process holds is a file in tmpfs that nobody maps, as "
			     "large as it takes until memory runs out%s.",
			     is_known(changes->limit_bytes) || is_known(changes->swap_bytes)
				     ? ": whether it would with the change is not known"
				     : "");
	return replay_scale(plan, ev, changes, ram_max, err);
}

void replay_plan_release(struct replay_plan *plan)
{
	free(plan->rows);
	strvec_release(&plan->places);
	strvec_release(&plan->choices);
}

static void write_row(const struct replay_plan *plan, const struct replay_row *row,
		      struct strbuf *out)
{
	strbuf_printf(out, "process %d %u %d %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %zu ",
		      row->pid, row->uid, row->oom_score_adj,
		      replay_scaled(plan, row->private_bytes),
		      replay_scaled(plan, row->tmpfs_bytes), replay_scaled(plan, row->file_bytes),
		      replay_scaled(plan, row->pgtables_bytes), row->place);
	for (const char *c = row->comm; *c; c++)
		strbuf_putc(out, *c == '\n' ? '?' : *c);
	strbuf_putc(out, '\n');
}

void replay_plan_write(const struct replay_plan *plan, struct strbuf *out)
{
	static const char *const ways[] = STAGE_WAY_WORDS;
	static const char *const bounds[] = STAGE_BOUND_WORDS;

	strbuf_printf(out, "way %s\nbound %s\ninvoker %zu\n", ways[plan->way], bounds[plan->bound],
		      plan->invoker);
	if (plan->limited != SIZE_MAX)
		strbuf_printf(out, "limit %zu %" PRId64 "\n", plan->limited, plan->limit_bytes);
	if (plan->grouped != SIZE_MAX)
		strbuf_printf(out, "group %zu\n", plan->grouped);
	if (plan->kills_invoker)
		strbuf_puts(out, "kill-allocating\n");
	if (plan->rows[plan->invoker].is_victim)
		strbuf_puts(out, "may-grow\n");
	if (plan->panic_on_oom)
		strbuf_printf(out, "panic %d\n", plan->panic_on_oom);
	if (replay_scaled(plan, plan->slab_bytes) > 0)
		strbuf_printf(out, "slab %" PRId64 "\n", replay_scaled(plan, plan->slab_bytes));
	for (size_t i = 0; i < plan->places.count; i++)
		strbuf_printf(out, "place %s\n", plan->places.list[i]);
	for (size_t i = 0; i < plan->row_count; i++)
		write_row(plan, &plan->rows[i], out);
}

const struct replay_row *replay_plan_row(const struct replay_plan *plan, int64_t pid)
{
	for (size_t i = 0; i < plan->row_count; i++)
		if (plan->rows[i].pid == pid)
			return &plan->rows[i];
	return NULL;
}
