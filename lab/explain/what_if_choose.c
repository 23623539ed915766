#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "explain/what_if_parts.h"
#include "oomlog/badness.h"

/* The kernel keeps so many bytes of a name. */
#define COMM_MAX 15

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The swap that a cgroup may use; at most WHAT_IF_BYTES_MAX, which stands for "not known". */
static int64_t memcg_swap(const struct what_if_changes *changes, const struct oomlog_event *ev)
{
	int64_t swap = WHAT_IF_BYTES_MAX;

	if (is_known(changes->swap_bytes))
		swap = changes->swap_bytes;
	else if (is_known(ev->swap_limit_bytes))
		swap = ev->swap_limit_bytes;
	else if (is_known(ev->memsw_limit_bytes) && is_known(ev->limit_bytes))
		swap = ev->memsw_limit_bytes - ev->limit_bytes;
	if (is_known(ev->swap_total_bytes))
		swap = smaller(swap, ev->swap_total_bytes);
	return swap < 0 ? 0 : smaller(swap, WHAT_IF_BYTES_MAX);
}

/* Whether a cgroup's swap counts depends on its swappiness, which is printed nowhere. */
static void memcg_total(struct what_if *w, const struct what_if_changes *changes,
			const struct oomlog_event *ev)
{
	int64_t limit = is_known(changes->limit_bytes) ? changes->limit_bytes
			: ev->limit_is_max	       ? ABSENT
						       : ev->limit_bytes;

	if (!is_known(limit))
		return;
	w->total_low = smaller(limit, WHAT_IF_BYTES_MAX);
	w->total_high = w->total_low + memcg_swap(changes, ev);
}

static void machine_total(struct what_if *w, const struct what_if_changes *changes,
			  const struct oomlog_event *ev)
{
	int64_t swap = is_known(changes->swap_bytes) ? changes->swap_bytes : ev->swap_total_bytes,
		ram;

	if (!is_known(ev->ram_bytes) || !is_known(swap))
		return;
	ram = ev->ram_bytes - or_zero(ev->reserved_bytes);
	w->total_high = smaller(ram < 0 ? 0 : ram, WHAT_IF_BYTES_MAX) +
			smaller(swap, WHAT_IF_BYTES_MAX);
	/* Of a cpuset's or policy's nodes only that they are a part of it is known. */
	w->total_low = ev->scope == SCOPE_GLOBAL ? w->total_high : 0;
}

static void find_total(struct what_if *w, const struct what_if_changes *changes,
		       const struct oomlog_event *ev)
{
	w->total_low = 0;
	w->total_high = WHAT_IF_BYTES_MAX;
	if (explain_is_memcg(ev))
		memcg_total(w, changes, ev);
	else if (explain_is_machine(ev))
		machine_total(w, changes, ev);
}

bool what_if_is_of(const struct what_if_adj *adj, const struct oomlog_event *ev,
		   const struct oomlog_task *task)
{
	if (is_known(adj->pid) && (task->pid == adj->pid || explain_is_listed(ev, adj->pid)))
		return task->pid == adj->pid;
	if (!task->comm)
		return false;
	return strcmp(adj->name, task->comm) == 0 ||
	       (strlen(task->comm) == COMM_MAX && strncmp(adj->name, task->comm, COMM_MAX) == 0);
}

int64_t what_if_adj_of(struct what_if_changes *changes, const struct oomlog_event *ev,
		       const struct oomlog_task *task)
{
	int64_t value = task->oom_score_adj;

	for (size_t i = 0; i < changes->adj_count; i++)
		if (what_if_is_of(&changes->adjs[i], ev, task)) {
			changes->adjs[i].is_found = true;
			value = changes->adjs[i].value;
		}
	return value;
}

static int64_t score(const struct what_if_task *task, int64_t total, const struct oomlog_event *ev)
{
	return task->footprint_bytes + badness_adj(total, ev->page_size, task->oom_score_adj);
}

/* The first process of the system is never killed. */
static bool may_be_killed(const struct oomlog_task *row, int64_t oom_score_adj)
{
	return oom_score_adj != BADNESS_UNKILLABLE && row->pid != 1;
}

static int by_score(const void *a, const void *b)
{
	const struct what_if_task *left = a, *right = b;

	if (left->may_be_killed != right->may_be_killed)
		return left->may_be_killed ? -1 : 1;
	if (left->score_bytes != right->score_bytes)
		return left->score_bytes > right->score_bytes ? -1 : 1;
	return left->row->pid < right->row->pid ? -1 : left->row->pid > right->row->pid;
}

static void fill_tasks(struct what_if *w, struct what_if_changes *changes,
		       const struct oomlog_event *ev)
{
	w->tasks = xcalloc(ev->task_count, sizeof(*w->tasks));
	for (size_t i = 0; i < ev->task_count; i++) {
		struct what_if_task *task = &w->tasks[w->task_count];
		const struct oomlog_task *row = &ev->tasks[i];

		if (!is_known(row->rss_bytes) || !is_known(row->oom_score_adj)) {
			w->doubts |= WHAT_IF_ROWS;
			continue;
		}
		*task = (struct what_if_task){
			.row = row,
			.oom_score_adj = what_if_adj_of(changes, ev, row),
			.footprint_bytes = badness_footprint(row),
		};
		task->score_bytes = score(task, w->total_low, ev);
		task->may_be_killed = may_be_killed(row, task->oom_score_adj);
		w->task_count++;
	}
	qsort(w->tasks, w->task_count, sizeof(*w->tasks), by_score);
	if (ev->rows_unread || ev->task_count == OOMLOG_TASKS_MAX)
		w->doubts |= WHAT_IF_ROWS;
}

static size_t index_of(const struct what_if *w, int64_t pid)
{
	for (size_t i = 0; i < w->task_count; i++)
		if (w->tasks[i].row->pid == pid)
			return i;
	return SIZE_MAX;
}

/* Scores are straight lines over the total: who is first at both ends is first between them. */
static void find_rival(struct what_if *w, const struct oomlog_event *ev)
{
	size_t first = w->chosen;

	for (size_t i = 0; i < w->task_count; i++)
		if (w->tasks[i].may_be_killed && score(&w->tasks[i], w->total_high, ev) >
							 score(&w->tasks[first], w->total_high, ev))
			first = i;
	if (first == w->chosen)
		return;
	w->rival = first;
	w->doubts |= WHAT_IF_TOTAL;
}

/* What root's tasks may have had taken off; 0 for others and later kernels. */
static int64_t root_bonus(const struct what_if *w, const struct oomlog_event *ev)
{
	const struct what_if_task *chosen = &w->tasks[w->chosen];
	int64_t of_total = w->total_high / 100 * 3, of_own = chosen->footprint_bytes / 100 * 3;
	bool is_later = ev->kernel ? !explain_kernel_is_before(ev, 4, 17) : ev->lines.summary != 0;

	if (is_later || chosen->row->uid != 0)
		return 0;
	if (ev->kernel && !explain_kernel_is_before(ev, 3, 14))
		return of_own;
	return of_total > of_own ? of_total : of_own;
}

/* Until 3.5 scores were whole thousandths of the total. */
static int64_t smallest_step(const struct what_if *w, const struct oomlog_event *ev)
{
	return explain_kernel_is_before(ev, 3, 6) ? w->total_low / 1000 : 0;
}

static bool has_no_swap(const struct oomlog_event *ev)
{
	return ev->swap_total_bytes == 0 || ev->swap_limit_bytes == 0 ||
	       (is_known(ev->swap_free_bytes) && ev->swap_free_bytes == ev->swap_total_bytes) ||
	       (explain_is_memcg(ev) && explain_stat(ev, "swap") == 0);
}

static void find_doubts(struct what_if *w, const struct oomlog_event *ev)
{
	const struct what_if_task *chosen = &w->tasks[w->chosen], *next;
	int64_t behind;

	if (w->runner_up == SIZE_MAX)
		return;
	find_rival(w, ev);
	next = &w->tasks[w->runner_up];
	behind = chosen->score_bytes - next->score_bytes;
	if (behind <= smallest_step(w, ev))
		w->doubts |= WHAT_IF_TIE;
	else if (behind < chosen->footprint_bytes / 100)
		w->doubts |= WHAT_IF_CLOSE;
	if (behind < root_bonus(w, ev))
		w->doubts |= WHAT_IF_ROOT;
	if (chosen->score_bytes <= 0 && (!ev->kernel || explain_kernel_is_before(ev, 5, 9)))
		w->doubts |= WHAT_IF_ZERO;
	if (!is_known(chosen->row->swap_bytes) && !has_no_swap(ev))
		w->doubts |= WHAT_IF_SWAP;
}

const struct oomlog_task *what_if_invoker(const struct oomlog_event *ev)
{
	int64_t pid = ev->invoker_pid;

	/* Killed for asking: the log then shows of which process the thread was that asked. */
	if (ev->allocating_task && is_known(ev->chosen_pid))
		pid = ev->chosen_pid;
	else if (ev->allocating_task && ev->victim_count)
		pid = ev->victims[0].pid;
	for (size_t i = 0; is_known(pid) && i < ev->task_count; i++)
		if (ev->tasks[i].pid == pid)
			return &ev->tasks[i];
	return NULL;
}

bool what_if_kills_invoker(const struct what_if_changes *changes, const struct oomlog_event *ev)
{
	return changes->allocating == WHAT_IF_ON ||
	       (changes->allocating == WHAT_IF_AS_LOGGED && ev->allocating_task);
}

/* By out_of_memory(): whoever asks, if it is no cgroup that ran out, and it may be killed. */
static void choose_invoker(struct what_if *w, const struct what_if_changes *changes,
			   const struct oomlog_event *ev)
{
	const struct oomlog_task *invoker = what_if_invoker(ev);
	size_t index = invoker ? index_of(w, invoker->pid) : SIZE_MAX;

	if (!what_if_kills_invoker(changes, ev) || !explain_is_machine(ev) || ev->by_hand)
		return;
	if (!invoker && !explain_is_kernel_thread(ev))
		w->doubts |= WHAT_IF_THREAD;
	if (index == SIZE_MAX || !w->tasks[index].may_be_killed)
		return;
	w->is_whoever_asked = true;
	w->chosen = index;
	w->runner_up = SIZE_MAX;
}

void what_if_choose(struct what_if *w, struct what_if_changes *changes,
		    const struct oomlog_event *ev, const struct explanation *x)
{
	find_total(w, changes, ev);
	fill_tasks(w, changes, ev);
	if (x->victim != SIZE_MAX)
		w->actual = index_of(w, x->candidates[x->victim].pid);
	if (w->task_count && w->tasks[0].may_be_killed)
		w->chosen = 0;
	if (w->task_count > 1 && w->tasks[1].may_be_killed)
		w->runner_up = 1;
	choose_invoker(w, changes, ev);
	if (w->chosen != SIZE_MAX && !w->is_whoever_asked)
		find_doubts(w, ev);
}

int64_t what_if_margin(const struct what_if *w)
{
	const struct what_if_task *chosen, *next;

	if (w->chosen == SIZE_MAX || w->runner_up == SIZE_MAX)
		return ABSENT;
	chosen = &w->tasks[w->chosen];
	next = &w->tasks[w->runner_up];
	if (w->total_low != w->total_high && chosen->oom_score_adj != next->oom_score_adj)
		return ABSENT;
	return chosen->score_bytes - next->score_bytes;
}
