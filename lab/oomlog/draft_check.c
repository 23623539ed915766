#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "oomlog/draft.h"

#define MIB (INT64_C(1) << 20)

static bool far_apart(int64_t a, int64_t b)
{
	int64_t gap = a > b ? a - b : b - a, larger = a > b ? a : b;

	return gap > 2 * MIB && gap > larger / 8;
}

static const struct oomlog_task *row_of(const struct oomlog_event *ev, int64_t pid)
{
	for (size_t i = 0; i < ev->task_count; i++)
		if (ev->tasks[i].pid == pid)
			return &ev->tasks[i];
	return NULL;
}

/* Kernels 5.4.0 to 5.4.9 print the bytes of the page tables as kB. */
static void check_pgtables(struct draft *f, const struct oomlog_victim *v,
			   const struct oomlog_task *row)
{
	if (is_known(v->pgtables_bytes) && is_known(row->pgtables_bytes) &&
	    row->pgtables_bytes > 0 && v->pgtables_bytes == row->pgtables_bytes * 1024)
		draft_note(
			f, v->line,
			"Pgtables is printed in bytes but labelled kB (an error of kernels 5.4.0 to 5.4.9): it is %" PRId64
			" bytes",
			row->pgtables_bytes);
}

static void check_victim(struct draft *f, const struct oomlog_victim *v)
{
	const struct oomlog_task *row = row_of(&f->event, v->pid);
	int64_t rss = v->anon_rss_bytes;

	if (!row) {
		if (f->event.task_count && !f->event.group_kill)
			draft_note(f, v->line, "Process %" PRId64 " is not in the task table",
				   v->pid);
		return;
	}
	check_pgtables(f, v, row);
	if (is_known(v->total_vm_bytes) && is_known(row->total_vm_bytes) &&
	    v->total_vm_bytes != row->total_vm_bytes)
		draft_note(f, v->line,
			   "Total-vm of the kill line (%" PRId64
			   " kB) and of the task table (%" PRId64 " kB, line %" PRIu64 ") differ",
			   v->total_vm_bytes / 1024, row->total_vm_bytes / 1024, row->line);
	if (!is_known(rss) || !is_known(row->rss_bytes) || !is_known(v->file_rss_bytes))
		return;
	rss += v->file_rss_bytes + or_zero(v->shmem_rss_bytes);
	if (far_apart(rss, row->rss_bytes))
		draft_note(f, v->line,
			   "Rss of the kill line (%" PRId64 " kB) and of the task table (%" PRId64
			   " kB, line %" PRIu64 ") differ",
			   rss / 1024, row->rss_bytes / 1024, row->line);
}

static int64_t stat(const struct oomlog_event *ev, const char *name)
{
	return or_zero(oomlog_stat_value(ev->stats, ev->stat_count, name));
}

/* The usage is the sum of anon, file and kernel memory (cgroup v2), of cache and rss (v1). */
static void check_stats(struct draft *f)
{
	const struct oomlog_event *ev = &f->event;
	int64_t v2 = stat(ev, "anon") + stat(ev, "file"), sum;
	bool total = is_known(oomlog_stat_value(ev->stats, ev->stat_count, "total_rss"));

	if (!ev->stat_count || !is_known(ev->usage_bytes))
		return;
	if (v2 || is_known(oomlog_stat_value(ev->stats, ev->stat_count, "anon"))) {
		int64_t kernel = oomlog_stat_value(ev->stats, ev->stat_count, "kernel");

		sum = v2 + (is_known(kernel) ? kernel
					     : stat(ev, "kernel_stack") + stat(ev, "pagetables") +
						       stat(ev, "slab") + stat(ev, "percpu"));
		sum += stat(ev, "sock") + stat(ev, "swapcached");
	} else {
		sum = stat(ev, total ? "total_cache" : "cache") +
		      stat(ev, total ? "total_rss" : "rss");
		sum += or_zero(ev->kmem_usage_bytes);
	}
	if (far_apart(sum, ev->usage_bytes))
		draft_note(f, ev->lines.stats,
			   "The memory statistics add up to %" PRId64 " kB, the usage is %" PRId64
			   " kB (line %" PRIu64 ")",
			   sum / 1024, ev->usage_bytes / 1024, ev->lines.limit);
}

static void check_gaps(struct draft *f)
{
	const struct oomlog_event *ev = &f->event;

	if (!ev->lines.invoked)
		draft_note(f, ev->lines.first, "The beginning (\"invoked oom-killer\") is missing");
	if ((ev->lines.invoked || ev->trace_count) && !ev->victim_count && !ev->no_killable_process)
		draft_note(f, ev->lines.last, "The report ends before it says who was killed");
	if (ev->lines.chosen && !ev->lines.killed && !ev->victim_count)
		draft_note(
			f, ev->lines.chosen,
			"The \"Killed process\" line is missing: what became of the process chosen here is not shown");
	if (ev->task_count && !ev->table_columns)
		draft_note(
			f, ev->tasks[0].line,
			"The task table has no header here; its columns are told by their order");
	if (f->summary_cut && !ev->summary_comm)
		draft_note(f, ev->lines.summary, "The summary line is cut short");
	if (f->stats_cut)
		draft_note(f, f->stat_line,
			   "The memory statistics are cut: a kernel record holds under 1 KiB");
	if (ev->rows_unread)
		draft_note(f, ev->lines.table,
			   "Lines of the task table that cannot be read: %" PRId64,
			   ev->rows_unread);
	if (ev->task_count == OOMLOG_TASKS_MAX)
		draft_note(f, ev->lines.table, "The task table is longer than what is kept");
	if (is_known(ev->headers_suppressed))
		draft_note(
			f, ev->lines.suppressed,
			"The kernel suppressed %" PRId64
			" messages before this one (rate limit): there were kills without a report",
			ev->headers_suppressed);
	if (ev->duplicate_kills)
		draft_note(f, ev->lines.duplicate,
			   "Kill lines that name a process already killed: %" PRId64
			   "; each process is counted once",
			   ev->duplicate_kills);
}

/* The reaper may name a thread of the victim, with the victim's name. */
static void check_reaped(struct draft *f)
{
	const struct oomlog_event *ev = &f->event;

	if (!f->reaped_line || !ev->victim_count || !f->reaped_comm)
		return;
	for (size_t i = 0; i < ev->victim_count; i++)
		if (ev->victims[i].pid == f->reaped_pid || !ev->victims[i].comm ||
		    strcmp(ev->victims[i].comm, f->reaped_comm) == 0)
			return;
	draft_note(f, f->reaped_line,
		   "The oom_reaper line is of another victim, %s (%" PRId64 "), killed before",
		   f->reaped_comm, f->reaped_pid);
}

static void check_summary(struct draft *f)
{
	const struct oomlog_event *ev = &f->event;

	if (ev->victim_count && ev->lines.killed && is_known(ev->summary_pid) &&
	    ev->victims[0].pid != ev->summary_pid)
		draft_note(f, ev->lines.summary,
			   "The summary names task %" PRId64 ", the kill line process %" PRId64
			   " (of which it is a thread, or the lines are of different kills)",
			   ev->summary_pid, ev->victims[0].pid);
	if (f->kill_says_memcg && ev->constraint && strcmp(ev->constraint, "NONE") == 0)
		draft_note(
			f, ev->lines.summary,
			"CONSTRAINT_NONE is printed, yet a memory cgroup's limit was hit (line %" PRIu64
			")",
			ev->lines.killed);
	if (ev->stats_memcg && ev->oom_memcg && strcmp(ev->stats_memcg, ev->oom_memcg) != 0)
		draft_note(f, ev->lines.stats,
			   "The statistics are of another cgroup than the one that ran out");
}

void draft_check(struct draft *f)
{
	check_gaps(f);
	for (size_t i = 0; i < f->event.victim_count; i++)
		check_victim(f, &f->event.victims[i]);
	check_reaped(f);
	check_summary(f);
	check_stats(f);
}
