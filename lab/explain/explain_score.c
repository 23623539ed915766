#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "explain/explain_parts.h"

#define UNKILLABLE (-1000)

/* The limit alone: it is exact where the cgroup may not swap. */
static void memcg_total(struct explanation *x, const struct oomlog_event *ev)
{
	if (!is_known(ev->limit_bytes) || ev->limit_is_max)
		return;
	x->total_bytes = ev->limit_bytes;
	if (is_known(ev->swap_limit_bytes))
		x->total_is_exact = ev->swap_limit_bytes == 0;
	else
		x->total_is_exact = ev->memsw_limit_bytes == ev->limit_bytes;
}

/* RAM and swap. A cpuset's or policy's nodes are a part of it that is not printed. */
static void machine_total(struct explanation *x, const struct oomlog_event *ev)
{
	if (ev->scope != SCOPE_GLOBAL || !is_known(ev->ram_bytes) ||
	    !is_known(ev->swap_total_bytes))
		return;
	x->total_bytes = ev->ram_bytes - or_zero(ev->reserved_bytes) + ev->swap_total_bytes;
	x->total_is_exact = true;
}

static struct candidate candidate_of(struct explanation *x, const struct oomlog_event *ev,
				     const struct oomlog_task *task)
{
	struct candidate c = {
		.comm = explain_name(x, task->comm),
		.pid = task->pid,
		.rss_bytes = task->rss_bytes,
		.oom_score_adj = task->oom_score_adj,
		.unkillable = task->oom_score_adj == UNKILLABLE,
	};

	c.footprint_bytes = task->rss_bytes + or_zero(task->swap_bytes) +
			    or_zero(task->pgtables_bytes);
	c.points_bytes = c.footprint_bytes;
	if (is_known(x->total_bytes))
		c.points_bytes += x->total_bytes / 1000 * task->oom_score_adj;
	for (size_t i = 0; i < ev->victim_count; i++)
		c.is_victim |= ev->victims[i].pid == task->pid;
	return c;
}

static int by_points(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	if (left->unkillable != right->unkillable)
		return left->unkillable ? 1 : -1;
	if (left->points_bytes != right->points_bytes)
		return left->points_bytes > right->points_bytes ? -1 : 1;
	return left->pid < right->pid ? -1 : left->pid > right->pid;
}

/* The pid whose score decided. Kernels before 5.1 may kill a child of that process. */
static int64_t judged_pid(const struct oomlog_event *ev)
{
	if (is_known(ev->chosen_pid) && explain_is_listed(ev, ev->chosen_pid))
		return ev->chosen_pid;
	return ev->victim_count ? ev->victims[0].pid : ABSENT;
}

static void find_ranks(struct explanation *x, const struct oomlog_event *ev)
{
	int64_t judged = judged_pid(ev);

	for (size_t i = 0; i < x->candidate_count; i++) {
		const struct candidate *c = &x->candidates[i];

		if (x->largest == SIZE_MAX ||
		    c->footprint_bytes > x->candidates[x->largest].footprint_bytes)
			x->largest = i;
		if (c->pid == judged)
			x->victim = i;
	}
	for (size_t i = 0; i < x->candidate_count && x->runner_up == SIZE_MAX; i++)
		if (i != x->victim && !x->candidates[i].unkillable && !x->candidates[i].is_victim)
			x->runner_up = i;
}

void explain_scores(struct explanation *x, const struct oomlog_event *ev)
{
	if (explain_is_memcg(ev))
		memcg_total(x, ev);
	else
		machine_total(x, ev);
	if (!ev->task_count)
		return;
	x->candidates = xcalloc(ev->task_count, sizeof(*x->candidates));
	for (size_t i = 0; i < ev->task_count; i++)
		if (is_known(ev->tasks[i].rss_bytes) && is_known(ev->tasks[i].oom_score_adj))
			x->candidates[x->candidate_count++] = candidate_of(x, ev, &ev->tasks[i]);
	qsort(x->candidates, x->candidate_count, sizeof(*x->candidates), by_points);
	find_ranks(x, ev);
}

static bool any_adjusted(const struct explanation *x)
{
	for (size_t i = 0; i < x->candidate_count; i++)
		if (x->candidates[i].oom_score_adj && !x->candidates[i].unkillable)
			return true;
	return false;
}

static bool has_column(const struct oomlog_event *ev, const char *name)
{
	return ev->table_columns && strstr(ev->table_columns, name);
}

static void say_largest(struct explanation *x, const struct oomlog_event *ev)
{
	const struct candidate *v = &x->candidates[x->victim], *l = &x->candidates[x->largest];

	if (x->largest == x->victim || l->is_victim || l->footprint_bytes <= v->footprint_bytes ||
	    l->oom_score_adj > v->oom_score_adj)
		return;
	if (l->unkillable)
		explain_say(
			x, TOPIC_WHY, ev->lines.table, 0,
			"%s (pid %" PRId64
			") was larger with %s, but its oom_score_adj of -1000 forbids killing it.",
			l->comm, l->pid, SIZE_TEXT(l->footprint_bytes));
	else if (l->oom_score_adj != v->oom_score_adj)
		explain_say(x, TOPIC_WHY, ev->lines.table, 0,
			    "%s (pid %" PRId64
			    ") was larger with %s; oom_score_adj decided: %" PRId64
			    " there, %" PRId64 " here.",
			    l->comm, l->pid, SIZE_TEXT(l->footprint_bytes), l->oom_score_adj,
			    v->oom_score_adj);
}

static void say_runner_up(struct explanation *x, const struct oomlog_event *ev)
{
	const struct candidate *r;

	if (x->runner_up == SIZE_MAX || x->runner_up == x->largest)
		return;
	r = &x->candidates[x->runner_up];
	explain_say(x, TOPIC_WHY, ev->lines.table, 0,
		    "The next in line was %s (pid %" PRId64 ") with %s%s.", r->comm, r->pid,
		    SIZE_TEXT(r->footprint_bytes),
		    r->oom_score_adj ? pool_format(&x->pool, " and an oom_score_adj of %" PRId64,
						   r->oom_score_adj)
				     : "");
}

static void say_highest(struct explanation *x, const struct oomlog_event *ev)
{
	const struct candidate *v = &x->candidates[x->victim];

	explain_say(
		x, TOPIC_WHY, ev->lines.table, ev->victims[0].line,
		"Of the %zu processes listed, %s scored highest: %s of memory, %s%s%s.",
		ev->task_count, v->comm, SIZE_TEXT(v->footprint_bytes),
		has_column(ev, "swapents") ? "swap and page tables" : "resident",
		has_column(ev, "swapents") ? " included" : "",
		v->oom_score_adj
			? pool_format(&x->pool, ", and an oom_score_adj of %" PRId64 "%s",
				      v->oom_score_adj,
				      x->total_is_exact
					      ? pool_format(&x->pool, " that counts as %s%s",
							    v->oom_score_adj < 0 ? "-" : "",
							    SIZE_TEXT(llabs(x->total_bytes / 1000 *
									    v->oom_score_adj)))
					      : "")
			: "");
}

/* Nobody scores above 0: the kernels that print such tables then take the first they meet. */
static bool all_below_zero(const struct explanation *x)
{
	return is_known(x->total_bytes) && x->candidate_count && x->candidates[0].points_bytes <= 0;
}

static void say_not_highest(struct explanation *x, const struct oomlog_event *ev)
{
	const struct candidate *top = &x->candidates[0];

	if (all_below_zero(x))
		explain_say(
			x, TOPIC_WHY, ev->lines.table, 0,
			"Every process scores zero or less by its oom_score_adj, so size did not decide: such kernels take the first they meet.");
	else if (!ev->table_columns)
		return;
	else if (!has_column(ev, "swapents"))
		explain_say(
			x, TOPIC_WHY, ev->lines.table, ev->lines.killed,
			"By resident memory %s (pid %" PRId64
			") comes first with %s, but swap counts too and this kernel's table does not show it.",
			top->comm, top->pid, SIZE_TEXT(top->footprint_bytes));
	else if (x->total_is_exact || !any_adjusted(x))
		explain_say(
			x, TOPIC_WHY, ev->lines.table, ev->lines.killed,
			"By the table %s (pid %" PRId64
			") with %s would have scored highest; why the kernel chose otherwise the log does not say.",
			top->comm, top->pid, SIZE_TEXT(top->footprint_bytes));
}

static bool tied_with_top(const struct explanation *x)
{
	const struct candidate *v = &x->candidates[x->victim];

	return !v->unkillable && v->points_bytes >= x->candidates[0].points_bytes;
}

static void say_printed_score(struct explanation *x, const struct oomlog_event *ev)
{
	bool old = ev->old_score || ev->chosen_score > 2000, child;

	if (is_known(ev->chosen_score))
		explain_say(x, TOPIC_WHY, ev->lines.chosen, 0,
			    "The kernel gave %s (pid %" PRId64 ") a score of %" PRId64 ", %s.",
			    explain_name(x, ev->chosen_comm), ev->chosen_pid, ev->chosen_score,
			    old ? "in points of its time: address space, children and age count"
				: "in thousandths of the memory that counts");
	if (!ev->victim_count || !is_known(ev->chosen_pid) || ev->victims[0].pid == ev->chosen_pid)
		return;
	/* In a cgroup old kernels choose among threads, and a thread is not in the table. */
	child = explain_is_listed(ev, ev->chosen_pid) ||
		(ev->chosen_comm && ev->victims[0].comm &&
		 strcmp(ev->chosen_comm, ev->victims[0].comm) != 0);
	explain_say(x, TOPIC_WHY, ev->lines.chosen, ev->lines.killed,
		    "Process %" PRId64 " was chosen, process %" PRId64 " was killed: %s.",
		    ev->chosen_pid, ev->victims[0].pid,
		    child ? "kernels before 5.1 sacrifice a child first"
			  : "the process that the chosen thread belongs to, or a child");
}

/* The victim has the largest footprint and oom_score_adj: first, whatever the latter weighs. */
static bool dominates(const struct explanation *x)
{
	const struct candidate *v = &x->candidates[x->victim];

	for (size_t i = 0; i < x->candidate_count; i++)
		if (!x->candidates[i].unkillable &&
		    (x->candidates[i].footprint_bytes > v->footprint_bytes ||
		     x->candidates[i].oom_score_adj > v->oom_score_adj))
			return false;
	return true;
}

/* What the statistics call anonymous is in the rows listed: no row of weight is missing. */
static bool is_whole(const struct oomlog_event *ev)
{
	int64_t anon = explain_stat(ev, "anon"), sum = 0;

	if (!is_known(anon))
		anon = explain_stat(ev,
				    is_known(explain_stat(ev, "total_rss")) ? "total_rss" : "rss");
	for (size_t i = 0; i < ev->task_count; i++)
		sum += or_zero(ev->tasks[i].rss_bytes);
	return is_known(anon) && anon <= sum + or_zero(ev->usage_bytes) / 8;
}

void explain_victim(struct explanation *x, const struct oomlog_event *ev)
{
	if (ev->allocating_task) {
		explain_say(
			x, TOPIC_WHY, ev->lines.chosen ? ev->lines.chosen : ev->lines.killed, 0,
			"vm.oom_kill_allocating_task is set: the kernel kills whoever asks, whatever its size.");
		say_printed_score(x, ev);
		return;
	}
	say_printed_score(x, ev);
	/* Old scores depend on what the table does not show. */
	if (!ev->victim_count || ev->old_score || explain_is_origin(ev))
		return;
	if (x->victim == SIZE_MAX) {
		if (ev->task_count && !explain_is_listed(ev, ev->victims[0].pid))
			explain_say(
				x, TOPIC_WHY, ev->lines.killed, ev->lines.table,
				"The victim is not among the processes listed, so its score cannot be compared.");
		return;
	}
	if (!tied_with_top(x)) {
		say_not_highest(x, ev);
		if (!x->total_is_exact)
			say_largest(x, ev);
		return;
	}
	if (x->candidate_count == 1) {
		/* A machine has more than one process: there the table is an excerpt. */
		if (explain_is_memcg(ev))
			explain_say(x, TOPIC_WHY, ev->lines.table, 0,
				    "It is the only process listed: %sthe kernel had no choice.",
				    is_whole(ev) ? "" : "if the table is whole, ");
		return;
	}
	say_highest(x, ev);
	say_largest(x, ev);
	say_runner_up(x, ev);
	if (!x->total_is_exact && any_adjusted(x) && !dominates(x))
		explain_say(
			x, TOPIC_UNSAID, 0, 0,
			"How much oom_score_adj weighs exactly: it goes by all memory and swap that count, and the log does not give both. The order above takes %s.",
			is_known(x->total_bytes) ? "the limit alone" : "size alone");
}
