#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "explain/what_if.h"
#include "oomlog/badness.h"
#include "replay/replay_parts.h"

/* The guest's own processes have pids below; and none is above the last. */
#define PID_FIRST 400
#define PID_MADE  4000000 /* for those that cannot keep theirs */

static struct replay_row *add_row(struct replay_plan *plan)
{
	if (plan->row_count == plan->row_capacity) {
		plan->row_capacity = plan->row_capacity ? plan->row_capacity * 2 : 64;
		plan->rows = xrealloc(plan->rows, plan->row_capacity, sizeof(*plan->rows));
	}
	plan->rows[plan->row_count] = (struct replay_row){.log_pid = ABSENT};
	return &plan->rows[plan->row_count++];
}

static const struct oomlog_victim *victim_of(const struct oomlog_event *ev, int64_t pid)
{
	for (size_t i = 0; i < ev->victim_count; i++)
		if (ev->victims[i].pid == pid)
			return &ev->victims[i];
	return NULL;
}

/* Old tables give one size; the kill line divides that of the victim. */
static bool divide(struct replay_row *row, const struct oomlog_task *task,
		   const struct oomlog_victim *victim)
{
	int64_t file = task->rss_file_bytes, tmpfs = task->rss_shmem_bytes;

	if (!is_known(file) && victim) {
		file = victim->file_rss_bytes;
		tmpfs = or_zero(victim->shmem_rss_bytes);
	}
	row->file_bytes = replay_clamp(or_zero(file));
	row->tmpfs_bytes = replay_clamp(or_zero(tmpfs));
	row->private_bytes =
		replay_clamp(replay_clamp(task->rss_bytes) - row->file_bytes - row->tmpfs_bytes) +
		replay_clamp(or_zero(task->swap_bytes));
	return is_known(file);
}

static int in_range(int64_t value, int64_t min, int64_t max)
{
	return (int)(value < min ? min : value > max ? max : value);
}

/*
 * Tables before 3.6 do not show swap, but the line that names the choice gives its score, in
 * thousandths of all memory and swap: what the table cannot account for was in swap.
 */
static int64_t unseen_swap(const struct oomlog_event *ev, const struct oomlog_task *task)
{
	int64_t total, scored, used, adj = in_range(or_zero(task->oom_score_adj), -1000, 1000);

	if (task->pid != ev->chosen_pid || !is_known(ev->chosen_score) ||
	    is_known(task->swap_bytes) || !is_known(ev->ram_bytes) ||
	    !is_known(ev->swap_total_bytes) || !is_known(ev->swap_free_bytes))
		return 0;
	used = replay_clamp(ev->swap_total_bytes) - replay_clamp(ev->swap_free_bytes);
	total = replay_memory(ev);
	if (ev->chosen_score > 1000)
		return 0;
	scored = total / 1000 * (ev->chosen_score - adj) - replay_clamp(task->rss_bytes) -
		 replay_clamp(or_zero(task->pgtables_bytes));
	return replay_clamp(scored < used ? scored : used);
}

static void take_task(struct replay_plan *plan, const struct oomlog_event *ev,
		      const struct oomlog_task *task, struct what_if_changes *changes,
		      size_t *undivided)
{
	const struct oomlog_victim *victim = victim_of(ev, task->pid);
	struct replay_row *row = add_row(plan);
	int64_t unseen;

	row->task = task;
	row->comm = task->comm ? task->comm : "?";
	row->log_pid = task->pid;
	row->uid = (unsigned int)in_range(or_zero(task->uid), 0, INT32_MAX);
	row->log_score_adj = in_range(or_zero(task->oom_score_adj), -1000, 1000);
	row->oom_score_adj = in_range(or_zero(what_if_adj_of(changes, ev, task)), -1000, 1000);
	row->pgtables_bytes = replay_clamp(or_zero(task->pgtables_bytes));
	row->is_victim = victim != NULL;
	*undivided += !divide(row, task, victim);
	unseen = unseen_swap(ev, task);
	row->private_bytes += unseen;
	if (unseen)
		REPLAY_CHOSE(plan,
			     "The table does not show swap; by the score of %lld that the log "
			     "gives %s, %s of it were there, and are resident here.",
			     (long long)ev->chosen_score, row->comm, TEXT_SIZE((uint64_t)unseen));
}

/* Of a log without a table, or of one that lacks it. */
static void take_victim(struct replay_plan *plan, const struct oomlog_event *ev,
			const struct oomlog_victim *victim, struct what_if_changes *changes)
{
	const struct oomlog_task as_task = {.pid = victim->pid,
					    .comm = victim->comm,
					    .oom_score_adj = or_zero(victim->oom_score_adj)};
	struct replay_row *row = add_row(plan);

	row->comm = victim->comm ? victim->comm : "?";
	row->log_pid = victim->pid;
	row->uid = (unsigned int)in_range(or_zero(victim->uid), 0, INT32_MAX);
	row->log_score_adj = in_range(as_task.oom_score_adj, -1000, 1000);
	row->oom_score_adj = in_range(what_if_adj_of(changes, ev, &as_task), -1000, 1000);
	row->private_bytes = replay_clamp(or_zero(victim->anon_rss_bytes));
	row->file_bytes = replay_clamp(or_zero(victim->file_rss_bytes));
	row->tmpfs_bytes = replay_clamp(or_zero(victim->shmem_rss_bytes));
	row->pgtables_bytes = replay_clamp(or_zero(victim->pgtables_bytes));
	row->is_victim = true;
	if (ev->task_count)
		REPLAY_CHOSE(plan,
			     "The task table does not list %s (pid %lld): its sizes are those of "
			     "its kill line, what that lacks is 0.",
			     row->comm, (long long)row->log_pid);
}

static bool has_row(const struct replay_plan *plan, int64_t log_pid)
{
	for (size_t i = 0; i < plan->row_count; i++)
		if (plan->rows[i].log_pid == log_pid)
			return true;
	return false;
}

static int64_t rank(const struct replay_row *row, int64_t total)
{
	if (row->is_victim)
		return INT64_MAX;
	return replay_footprint(row) + total / 1000 * row->oom_score_adj;
}

static int by_rank(const void *a, const void *b, void *total)
{
	int64_t left = rank(a, *(int64_t *)total), right = rank(b, *(int64_t *)total);

	return left == right ? 0 : left > right ? -1 : 1;
}

/* A guest has no room for processes without end: those of the lowest scores are left out. */
static void cut_rows(struct replay_plan *plan, const struct oomlog_event *ev)
{
	int64_t total = is_known(ev->limit_bytes) && !ev->limit_is_max ? ev->limit_bytes
								       : or_zero(ev->ram_bytes);

	if (plan->row_count <= REPLAY_ROWS_MAX)
		return;
	qsort_r(plan->rows, plan->row_count, sizeof(*plan->rows), by_rank, &total);
	REPLAY_CHOSE(plan,
		     "Of %zu processes the %d with the highest scores are there; the memory of the "
		     "others is a file in tmpfs.",
		     plan->row_count, REPLAY_ROWS_MAX);
	plan->row_count = REPLAY_ROWS_MAX;
}

static void add_to_score(struct replay_row *row, int thousandths)
{
	if (row->oom_score_adj != BADNESS_UNKILLABLE)
		row->oom_score_adj = in_range(row->oom_score_adj + thousandths, -999, 1000);
	if (row->log_score_adj != BADNESS_UNKILLABLE)
		row->log_score_adj = in_range(row->log_score_adj + thousandths, -999, 1000);
}

/* Until 3.13 a process with CAP_SYS_ADMIN had 30 less; who had it is told by the uid alone. */
static void spare_root(struct replay_plan *plan, const struct oomlog_event *ev)
{
	size_t spared = 0;

	if (ev->old_score || !replay_is_before(ev, 3, 14))
		return;
	for (size_t i = 0; i < plan->row_count; i++)
		if (plan->rows[i].task && !plan->rows[i].uid &&
		    plan->rows[i].oom_score_adj != BADNESS_UNKILLABLE) {
			add_to_score(&plan->rows[i], -30);
			spared++;
		}
	if (spared)
		REPLAY_CHOSE(plan,
			     "The log's kernel took 30 off the oom_score_adj of processes with "
			     "CAP_SYS_ADMIN: here it is 30 lower for the %zu of root.",
			     spared);
}

static int64_t thousandths(const struct replay_row *row, int64_t total)
{
	return replay_footprint(row) / (total / 1000) + row->log_score_adj;
}

/* Until 3.5 scores were compared in thousandths, and who came first in a list won a tie. */
static void break_tie(struct replay_plan *plan, const struct oomlog_event *ev)
{
	int64_t total = replay_memory(ev);
	struct replay_row *chosen = NULL;
	size_t as_high = 0, larger = 0;

	if (!replay_is_before(ev, 3, 6) || ev->old_score || total < 1000 ||
	    !is_known(ev->chosen_pid))
		return;
	for (size_t i = 0; i < plan->row_count; i++)
		if (plan->rows[i].log_pid == ev->chosen_pid)
			chosen = &plan->rows[i];
	for (size_t i = 0; chosen && i < plan->row_count; i++) {
		const struct replay_row *row = &plan->rows[i];

		if (row == chosen || row->log_score_adj == BADNESS_UNKILLABLE)
			continue;
		larger += thousandths(row, total) > thousandths(chosen, total);
		as_high += thousandths(row, total) == thousandths(chosen, total);
	}
	if (!chosen || larger || !as_high)
		return;
	add_to_score(chosen, 1);
	REPLAY_CHOSE(plan,
		     "The log's kernel compared scores in thousandths, and %zu other process%s as "
		     "many as %s (pid %lld): here its oom_score_adj is 1 higher.",
		     as_high, as_high == 1 ? " has" : "es have", chosen->comm,
		     (long long)chosen->log_pid);
}

static bool is_taken(const struct replay_plan *plan, size_t before, int pid)
{
	for (size_t i = 0; i < before; i++)
		if (plan->rows[i].pid == pid)
			return true;
	return false;
}

static void number_rows(struct replay_plan *plan)
{
	size_t renamed = 0;

	for (size_t i = 0; i < plan->row_count; i++) {
		struct replay_row *row = &plan->rows[i];
		bool keeps = row->log_pid >= PID_FIRST && row->log_pid < PID_MADE &&
			     !is_taken(plan, i, (int)row->log_pid);

		row->pid = keeps ? (int)row->log_pid : PID_MADE + (int)i;
		renamed += !keeps && is_known(row->log_pid);
	}
	if (renamed)
		REPLAY_CHOSE(
			plan,
			"%zu process%s another pid here, because the guest's own processes have "
			"the low ones, or because the log has it twice.",
			renamed, renamed == 1 ? " has" : "es have");
}

static size_t find_invoker(const struct replay_plan *plan, const struct oomlog_event *ev)
{
	size_t by_name = SIZE_MAX, named = 0;

	for (size_t i = 0; i < plan->row_count; i++) {
		const struct replay_row *row = &plan->rows[i];

		if (is_known(ev->invoker_pid) && row->log_pid == ev->invoker_pid)
			return i;
		if (ev->invoker_comm && strcmp(row->comm, ev->invoker_comm) == 0) {
			by_name = i;
			named++;
		}
	}
	if (named == 1)
		return by_name;
	/* With vm.oom_kill_allocating_task it is the one that was killed. */
	for (size_t i = 0; ev->allocating_task && i < plan->row_count; i++)
		if (plan->rows[i].is_victim)
			return i;
	return SIZE_MAX;
}

/* A thread, a process of elsewhere, or one that the log does not name: none to be chosen. */
static void add_invoker(struct replay_plan *plan, const struct oomlog_event *ev)
{
	struct replay_row *row = add_row(plan);

	row->comm = ev->invoker_comm ? ev->invoker_comm : "invoker";
	row->log_pid = ev->invoker_pid;
	row->oom_score_adj = row->log_score_adj = BADNESS_UNKILLABLE;
	plan->invoker = plan->row_count - 1;
	if (plan->way == STAGE_SYSRQ || plan->way == STAGE_LOWER_LIMIT)
		return;
	if (plan->way == STAGE_MIN_TTL)
		REPLAY_CHOSE(plan, "A process that may not be killed touches memory until kswapd, "
				   "which is the kernel's own, asks for the kill.");
	else if (ev->invoker_comm)
		REPLAY_CHOSE(plan,
			     "No process of the table is %s, who requested memory: a process of "
			     "that name that may not be killed does it.",
			     row->comm);
	else
		REPLAY_CHOSE(plan, "The log does not tell who requested memory: a process that may "
				   "not be killed does it, \"invoker\".");
}

void replay_rows_make(struct replay_plan *plan, const struct oomlog_event *ev,
		      struct what_if_changes *changes)
{
	size_t undivided = 0;

	for (size_t i = 0; i < ev->task_count; i++)
		if (is_known(ev->tasks[i].rss_bytes) && is_known(ev->tasks[i].pid))
			take_task(plan, ev, &ev->tasks[i], changes, &undivided);
	if (undivided)
		REPLAY_CHOSE(plan,
			     "The table does not divide resident memory: all of %s is "
			     "private memory here.",
			     undivided == plan->row_count ? "it" : "that of the others");
	if (ev->rows_unread)
		REPLAY_CHOSE(plan, "%s of the table cannot be read: what stands there is left out.",
			     TEXT_COUNT(ev->rows_unread, "row"));
	if (!ev->task_count)
		REPLAY_CHOSE(plan, "The log has no task table: of its processes only those that "
				   "were killed are there, with the sizes of their kill lines.");
	for (size_t i = 0; i < ev->victim_count; i++)
		if (!has_row(plan, ev->victims[i].pid))
			take_victim(plan, ev, &ev->victims[i], changes);
	spare_root(plan, ev);
	break_tie(plan, ev);
	cut_rows(plan, ev);
	plan->invoker = find_invoker(plan, ev);
	if (plan->invoker == SIZE_MAX)
		add_invoker(plan, ev);
	number_rows(plan);
}
