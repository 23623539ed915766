#include <inttypes.h>

#include "explain/what_if_parts.h"

static const char *total_text(struct what_if *w, int64_t total)
{
	if (!total)
		return "by size alone";
	if (total >= WHAT_IF_BYTES_MAX)
		return "with enough of them";
	return pool_format(&w->said.pool, "with %s of them", SIZE_TEXT(total));
}

static void say_unexplained(struct what_if *w, const struct oomlog_event *ev)
{
	const char *name = "nobody";
	uint64_t line = ev->lines.table;

	if (!(w->doubts & WHAT_IF_UNEXPLAINED))
		return;
	if (w->unchanged) {
		name = explain_process(&w->said, w->unchanged->comm, w->unchanged->pid);
		line = w->unchanged->line;
	}
	if (w->actual == SIZE_MAX)
		WHAT_IF_SAY(
			w, line, ev->lines.no_killable,
			"Without any change the table gives %s, where the kernel found nobody it could kill: what it knew is not in the table, and this answer is as uncertain.",
			name);
	else
		WHAT_IF_SAY(
			w, line, w->tasks[w->actual].row->line,
			"Without any change the table gives %s, and the kernel chose %s: what decided is not in the table, and this answer is as uncertain.",
			name, what_if_name(w, w->actual));
}

static void say_total(struct what_if *w)
{
	if (w->doubts & WHAT_IF_TOTAL)
		WHAT_IF_SAY(
			w, w->tasks[w->rival].row->line, w->tasks[w->chosen].row->line,
			"That is not certain: oom_score_adj weighs by the memory and swap that count, "
			"which the log does not give exactly; %s it is %s, %s %s.",
			total_text(w, w->total_low), what_if_name(w, w->chosen),
			total_text(w, w->total_high), what_if_name(w, w->rival));
}

static void say_closeness(struct what_if *w, const struct oomlog_event *ev)
{
	if (w->doubts & WHAT_IF_ZERO)
		WHAT_IF_SAY(
			w, ev->lines.table, 0,
			"No score is above zero: before Linux 5.9 all of these count the same, and the kernel takes one by its place in its own list.");
	else if (w->doubts & WHAT_IF_TIE)
		WHAT_IF_SAY(
			w, w->tasks[w->chosen].row->line, w->tasks[w->runner_up].row->line,
			"%s and %s score the same for the kernel, which takes one by its place in its own list.",
			what_if_name(w, w->chosen), what_if_name(w, w->runner_up));
	else if (w->doubts & WHAT_IF_CLOSE)
		WHAT_IF_SAY(
			w, w->tasks[w->chosen].row->line, w->tasks[w->runner_up].row->line,
			"Less than one percent decides: the kernel chooses a moment before it prints the table, so it may be %s.",
			what_if_name(w, w->runner_up));
}

static void say_unseen(struct what_if *w, const struct oomlog_event *ev)
{
	if (w->doubts & WHAT_IF_ROOT)
		WHAT_IF_SAY(
			w, w->tasks[w->chosen].row->line, w->tasks[w->runner_up].row->line,
			"Until Linux 4.16 processes with CAP_SYS_ADMIN had 3 percent taken off their score; if %s (uid 0) had it, it may be %s.",
			what_if_name(w, w->chosen), what_if_name(w, w->runner_up));
	if (w->doubts & WHAT_IF_SWAP)
		WHAT_IF_SAY(
			w, ev->lines.table, 0,
			"Swap counts, too, and this table does not show whose it is: it may be another.");
	if (w->doubts & WHAT_IF_ROWS)
		WHAT_IF_SAY(
			w, ev->lines.table, 0,
			"Rows of the task table cannot be read: it may be a process that stands in one of them.");
}

/* A process of the same sizes to the page; or SIZE_MAX. */
static size_t twin(const struct what_if *w)
{
	const struct oomlog_task *chosen = w->tasks[w->chosen].row;

	for (size_t i = 0; chosen->rss_bytes > 0 && i < w->task_count; i++) {
		const struct oomlog_task *row = w->tasks[i].row;

		if (i != w->chosen && is_known(row->total_vm_bytes) &&
		    row->total_vm_bytes == chosen->total_vm_bytes &&
		    row->rss_bytes == chosen->rss_bytes &&
		    row->pgtables_bytes == chosen->pgtables_bytes)
			return i;
	}
	return SIZE_MAX;
}

static void say_shared(struct what_if *w)
{
	size_t other = w->chosen == SIZE_MAX ? SIZE_MAX : twin(w);

	if (other != SIZE_MAX)
		WHAT_IF_SAY(
			w, w->tasks[w->chosen].row->line, w->tasks[other].row->line,
			"%s and %s have the same sizes to the page: if they share their memory, an oom_score_adj is that of both, and both are killed.",
			what_if_name(w, w->chosen), what_if_name(w, other));
}

static void say_children(struct what_if *w, const struct oomlog_event *ev)
{
	if (w->chosen != SIZE_MAX && is_known(ev->chosen_pid))
		WHAT_IF_SAY(
			w, ev->lines.chosen, 0,
			"Such a kernel may kill a child of the process it has chosen; whose child is whose the table does not show.");
}

void what_if_say_doubts(struct what_if *w, const struct oomlog_event *ev)
{
	say_unexplained(w, ev);
	say_total(w);
	say_closeness(w, ev);
	say_unseen(w, ev);
	say_shared(w);
	say_children(w, ev);
	WHAT_IF_SAY(
		w, ev->lines.table, 0,
		"The table does not show who was exiting already or shares memory with others, and the log not what would have followed another choice.");
}
