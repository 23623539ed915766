#include <inttypes.h>
#include <stdlib.h>

#include "explain/what_if_parts.h"

static const char *why_not(const struct oomlog_event *ev, const struct explanation *x)
{
	if (is_known(ev->beancounter))
		return "OpenVZ chooses within a container by rules of its own, so the choice is not recomputed.";
	if (ev->old_score)
		return "This kernel scores by address space, children and age, which a task table does not show, so the choice is not recomputed.";
	if (explain_is_origin(ev))
		return "swapoff marks whoever runs it as the first to be killed: no change of a score matters here.";
	if (!ev->task_count)
		return "The log shows no task table here, so the choice cannot be recomputed.";
	if (!x->candidate_count)
		return "The task table here lacks what a score needs, so the choice cannot be recomputed.";
	if (ev->panic && !ev->victim_count && !ev->no_killable_process)
		return "The kernel panicked and chose nobody (vm.panic_on_oom): no change of a score matters here.";
	if (!ev->victim_count && !is_known(ev->chosen_pid) && !ev->no_killable_process)
		return "The log does not show whom the kernel chose, nor that the task table is whole, so the choice is not recomputed.";
	if (x->victim == SIZE_MAX && !ev->no_killable_process)
		return "The task table lacks the process that the kernel chose, perhaps others too, so the choice cannot be recomputed.";
	return NULL;
}

bool what_if_say_why_not(struct what_if *w, const struct oomlog_event *ev,
			 const struct explanation *x)
{
	const char *why = why_not(ev, x);

	if (why)
		WHAT_IF_SAY(w, ev->lines.table ? ev->lines.table : ev->lines.killed,
			    ev->lines.table ? ev->lines.killed : 0, "%s", why);
	return why != NULL;
}

static void say_chosen(struct what_if *w, const struct oomlog_event *ev)
{
	uint64_t killed = ev->lines.chosen ? ev->lines.chosen : ev->lines.killed;

	if (w->chosen == SIZE_MAX)
		WHAT_IF_SAY(
			w, ev->lines.table, 0,
			"None of the processes listed may be killed then: the kernel would find nobody.");
	else if (w->chosen == w->actual)
		WHAT_IF_SAY(w, ev->lines.table, killed,
			    "By the table %s would be chosen all the same.",
			    what_if_name(w, w->chosen));
	else if (w->actual != SIZE_MAX)
		WHAT_IF_SAY(w, ev->lines.table, killed,
			    "By the table %s would be chosen; in the log the kernel chose %s.",
			    what_if_name(w, w->chosen), what_if_name(w, w->actual));
	else
		WHAT_IF_SAY(w, ev->lines.table, ev->lines.no_killable,
			    "By the table %s would be chosen; in the log the kernel found nobody.",
			    what_if_name(w, w->chosen));
}

/* "1.2 GiB", "-300 MiB". */
static const char *signed_size(struct what_if *w, int64_t bytes)
{
	return pool_format(&w->said.pool, "%s%s", bytes < 0 ? "-" : "", SIZE_TEXT(llabs(bytes)));
}

/* "512 MiB of memory, swap and page tables" */
static const char *footprint(struct what_if *w, const struct what_if_task *task)
{
	const char *what = !is_known(task->row->swap_bytes)	  ? "resident memory"
			   : !is_known(task->row->pgtables_bytes) ? "memory and swap"
								  : "memory, swap and page tables";

	return pool_format(&w->said.pool, "%s of %s", SIZE_TEXT(task->footprint_bytes), what);
}

static const char *scored(struct what_if *w, size_t index)
{
	const struct what_if_task *task = &w->tasks[index];
	int64_t by_adj = task->score_bytes - task->footprint_bytes;

	if (!task->oom_score_adj)
		return pool_format(&w->said.pool, "scores by its %s alone", footprint(w, task));
	if (w->total_low != w->total_high)
		return pool_format(&w->said.pool, "has %s and an oom_score_adj of %" PRId64,
				   footprint(w, task), task->oom_score_adj);
	return pool_format(&w->said.pool, "scores %s: %s, %s %s by an oom_score_adj of %" PRId64,
			   signed_size(w, task->score_bytes), footprint(w, task),
			   by_adj < 0 ? "less" : "and", SIZE_TEXT(llabs(by_adj)),
			   task->oom_score_adj);
}

static void say_scores(struct what_if *w, const struct oomlog_event *ev)
{
	int64_t margin = what_if_margin(w);

	if (w->chosen == SIZE_MAX)
		return;
	if (w->is_whoever_asked) {
		WHAT_IF_SAY(
			w, ev->lines.invoked, 0,
			"With vm.oom_kill_allocating_task the kernel kills whoever asks, whatever its score.");
		return;
	}
	WHAT_IF_SAY(w, w->tasks[w->chosen].row->line, 0, "%s %s.", what_if_name(w, w->chosen),
		    scored(w, w->chosen));
	if (w->runner_up == SIZE_MAX)
		WHAT_IF_SAY(w, ev->lines.table, 0, "%s",
			    w->task_count == 1 ? "It is the only process listed."
					       : "Nobody else listed may be killed.");
	else
		WHAT_IF_SAY(w, w->tasks[w->runner_up].row->line, 0, "The next in line, %s, %s%s.",
			    what_if_name(w, w->runner_up), scored(w, w->runner_up),
			    is_known(margin) ? pool_format(&w->said.pool, ": the margin is %s",
							   SIZE_TEXT(margin))
					     : "");
}

void what_if_say_choice(struct what_if *w, const struct oomlog_event *ev)
{
	say_chosen(w, ev);
	say_scores(w, ev);
}
