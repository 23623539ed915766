#include "replay/replay_compare.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "explain/explain.h"
#include "explain/what_if.h"
#include "oomlog/badness.h"
#include "replay/replay_parts.h"

#define ORDER_SHOWN 5

static char *process(const char *comm, int64_t pid)
{
	return is_known(pid) ? text_format("%s (pid %" PRId64 ")", comm ? comm : "?", pid)
			     : xstrdup(comm ? comm : "?");
}

/* A process of the run under the pid that it had in the log. */
static char *process_of_run(const struct replay_plan *plan, const char *comm, int64_t pid)
{
	const struct replay_row *row = replay_plan_row(plan, pid);

	return process(comm, row ? row->log_pid : pid);
}

/* Takes both texts. */
static void add_fact(struct replay_comparison *c, const char *what, char *in_log, char *in_run)
{
	c->facts = xrealloc(c->facts, c->fact_count + 1, sizeof(*c->facts));
	c->facts[c->fact_count++] = (struct replay_fact){what, in_log, in_run};
}

static char *size_text(int64_t bytes)
{
	return is_known(bytes) && bytes >= 0 ? xstrdup(TEXT_SIZE((uint64_t)bytes)) : NULL;
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/* The path without the run's own cgroup above it. */
static const char *below_run(const char *path)
{
	const char *slash = path && *path == '/' ? strchr(path + 1, '/') : NULL;

	return slash ? slash : path;
}

/* "page fault" */
static char *way(const struct oomlog_event *ev)
{
	char *words = ev->mechanism == MECHANISM_NONE ? NULL
						      : copy(mechanism_words[ev->mechanism].name);

	for (char *c = words; c && *c; c++)
		*c = *c == '_' ? ' ' : *c;
	return words;
}

static int64_t victim_size(const struct oomlog_event *ev)
{
	const struct oomlog_victim *v = ev->victims;

	if (!ev->victim_count || !is_known(v->anon_rss_bytes))
		return ABSENT;
	return v->anon_rss_bytes + or_zero(v->file_rss_bytes) + or_zero(v->shmem_rss_bytes);
}

static int64_t total_of(const struct oomlog_event *ev, bool is_cgroup)
{
	if (is_cgroup)
		return ev->limit_is_max ? ABSENT : ev->limit_bytes;
	return is_known(ev->ram_bytes) ? ev->ram_bytes - or_zero(ev->reserved_bytes) : ABSENT;
}

/* The limit as it stands there; of a machine its swap, too. */
static char *log_total(const struct replay_plan *plan, const struct oomlog_event *log)
{
	int64_t total = total_of(log, plan->bound == STAGE_CGROUP);

	if (plan->bound != STAGE_CGROUP && is_known(total))
		total += or_zero(log->swap_total_bytes);
	return size_text(total);
}

static char *victims_text(const struct replay_plan *plan, const struct oomlog_event *ev,
			  bool is_run)
{
	char *first;

	if (!ev->victim_count)
		return NULL;
	first = is_run ? process_of_run(plan, ev->victims[0].comm, ev->victims[0].pid)
		       : process(ev->victims[0].comm, ev->victims[0].pid);
	if (ev->victim_count > 1) {
		_cleanup_free_ char *one = first;

		return text_format("%s and %zu more", one, ev->victim_count - 1);
	}
	return first;
}

static bool is_killed_in(const struct oomlog_event *ev, int64_t pid)
{
	for (size_t i = 0; i < ev->victim_count; i++)
		if (ev->victims[i].pid == pid)
			return true;
	return false;
}

/* All whom the log has; or whom an old kernel chose before it took a child. */
static bool is_same_victim(const struct replay_plan *plan, const struct oomlog_event *log,
			   const struct oomlog_event *run)
{
	const struct replay_row *first =
		run->victim_count ? replay_plan_row(plan, run->victims[0].pid) : NULL;

	if (!first)
		return false;
	if (!first->is_victim)
		return is_known(log->chosen_pid) && first->log_pid == log->chosen_pid;
	for (size_t i = 0; i < plan->row_count; i++)
		if (plan->rows[i].is_victim && !is_killed_in(run, plan->rows[i].pid))
			return false;
	return true;
}

/* Killed in the run, and not in the log. */
static size_t count_others(const struct replay_plan *plan, const struct oomlog_event *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->victim_count; i++) {
		const struct replay_row *row = replay_plan_row(plan, run->victims[i].pid);

		count += !row || !row->is_victim;
	}
	return count;
}

/* The memory of the first victim in the log, with what it had in swap. */
static int64_t log_victim_size(const struct replay_plan *plan)
{
	for (size_t i = 0; i < plan->row_count; i++)
		if (plan->rows[i].is_victim)
			return replay_footprint(&plan->rows[i]) - plan->rows[i].pgtables_bytes;
	return ABSENT;
}

static void add_facts(struct replay_comparison *c, const struct oomlog_event *log,
		      const struct oomlog_event *run)
{
	const struct replay_plan *plan = c->plan;
	bool is_cgroup = plan->bound == STAGE_CGROUP;

	add_fact(c, "kernel", copy(log->kernel), copy(run->kernel));
	add_fact(c, "constraint", copy(log->constraint), copy(run->constraint));
	add_fact(c, "scope", log->scope == SCOPE_NONE ? NULL : copy(scope_names[log->scope]),
		 copy(scope_names[run->scope]));
	if (is_cgroup)
		add_fact(c, "cgroup", copy(log->oom_memcg), copy(below_run(run->oom_memcg)));
	if (plan->nodes == 1)
		add_fact(c, is_cgroup ? "limit" : "memory and swap", log_total(plan, log),
			 size_text(total_of(run, is_cgroup)));
	if (!plan->panic_on_oom) {
		add_fact(c, "killed", victims_text(plan, log, false),
			 victims_text(plan, run, true));
		add_fact(c, "its memory", size_text(log_victim_size(plan)),
			 size_text(victim_size(run)));
	}
	add_fact(c, "requested memory",
		 log->invoker_comm ? process(log->invoker_comm, log->invoker_pid) : NULL,
		 run->invoker_comm ? process_of_run(plan, run->invoker_comm, run->invoker_pid)
				   : NULL);
	add_fact(c, "in what way", way(log), way(run));
	if (log->allocating_task || plan->kills_invoker)
		add_fact(c, "vm.oom_kill_allocating_task", copy(log->allocating_task ? "1" : "0"),
			 copy(plan->kills_invoker ? "1" : "0"));
}

/* Where the memory was: the largest parts of the log, and the same of the run. */
static void add_budget(struct replay_comparison *c, const struct explanation *log,
		       const struct explanation *run)
{
	for (size_t i = 0; i < log->budget_count && i < ORDER_SHOWN; i++) {
		int64_t here = ABSENT;

		for (size_t j = 0; j < run->budget_count; j++)
			if (strcmp(run->budget[j].name, log->budget[i].name) == 0)
				here = run->budget[j].bytes;
		add_fact(c, log->budget[i].name, size_text(log->budget[i].bytes),
			 here ? size_text(here) : NULL);
	}
}

/* By what the plan knows of the log, which may be more than its table. */
struct scored {
	const struct replay_row *row;
	int64_t score;
};

static int by_score(const void *a, const void *b)
{
	const struct scored *left = a, *right = b;

	if (left->score != right->score)
		return left->score > right->score ? -1 : 1;
	return left->row < right->row ? -1 : left->row > right->row;
}

static void order_log(struct replay_comparison *c)
{
	const struct replay_plan *plan = c->plan;
	struct scored *scored = xcalloc(plan->row_count + 1, sizeof(*scored));
	size_t count = 0;

	for (size_t i = 0; i < plan->row_count; i++) {
		const struct replay_row *row = &plan->rows[i];
		int64_t adj = row->log_score_adj;

		if (adj != BADNESS_UNKILLABLE && is_known(row->log_pid))
			scored[count++] = (struct scored){
				row, replay_footprint(row) + plan->log_total_bytes / 1000 * adj};
	}
	qsort(scored, count, sizeof(*scored), by_score);
	for (size_t i = 0; i < count && i < ORDER_SHOWN; i++) {
		_cleanup_free_ char *name = process(scored[i].row->comm, scored[i].row->log_pid);

		strvec_push(&c->log_order, name);
	}
	free(scored);
}

static void push_process(struct replay_comparison *c, const struct oomlog_task *row)
{
	_cleanup_free_ char *name = process_of_run(c->plan, row->comm, row->pid);

	strvec_push(&c->run_order, name);
}

/* Of equals whoever was killed comes first: the kernel's list decides among them. */
static void order_run(struct replay_comparison *c, const struct what_if *w)
{
	size_t tied = w->actual != SIZE_MAX && w->task_count &&
				      w->tasks[w->actual].score_bytes == w->tasks[0].score_bytes
			      ? w->actual
			      : SIZE_MAX;

	if (tied != SIZE_MAX)
		push_process(c, w->tasks[tied].row);
	for (size_t i = 0; i < w->task_count && c->run_order.count < ORDER_SHOWN; i++)
		if (i != tied && w->tasks[i].may_be_killed)
			push_process(c, w->tasks[i].row);
}

static void differ(struct replay_comparison *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void differ(struct replay_comparison *c, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	strvec_push(&c->differences, text);
}

/* The one reason that holds in the log for another victim, or that none is known. */
static void explain_victim(struct replay_comparison *c, const struct oomlog_event *log,
			   const struct what_if *w)
{
	if (log->old_score)
		differ(c, "The log's kernel chose by address space, children and age, as kernels "
			  "before 2.6.36 do; this one chooses by memory.");
	else if (log->allocating_task && !c->plan->kills_invoker)
		differ(c, "In the log vm.oom_kill_allocating_task was set.");
	else if (w->is_judged && w->doubts & WHAT_IF_UNEXPLAINED)
		differ(c, "The log's own table does not explain whom its kernel chose: by the "
			  "scores it would be another, so what decided there is not in the log.");
	else if (w->is_judged && w->doubts & WHAT_IF_ROOT)
		differ(c, "Until 4.16 a kernel took 3 %% off the score of processes with "
			  "CAP_SYS_ADMIN; this one does not.");
	else if (w->is_judged && w->doubts & (WHAT_IF_TIE | WHAT_IF_CLOSE))
		differ(c, "In the log the scores of the first two are equal, or less than 1 %% "
			  "apart.");
	else if (w->is_judged && w->doubts & WHAT_IF_TOTAL)
		differ(c, "How an oom_score_adj weighs is not exactly known from the log, and the "
			  "order rests on it.");
	else if (w->is_judged && w->doubts & WHAT_IF_ZERO)
		differ(c, "In the log no score is above 0, and then the order decides in which the "
			  "kernel finds the processes.");
	else if (!w->is_judged)
		differ(c, "The scores of the log cannot be worked out, so why it is another "
			  "process is not known.");
	else
		differ(c, "Why it is another process is not known.");
}

/* A page fault is one whether or not the trace tells what kind. */
static enum mechanism kind_of_way(const struct oomlog_event *ev)
{
	return ev->mechanism == MECHANISM_SOME_PAGE_FAULT ? MECHANISM_PAGE_FAULT : ev->mechanism;
}

static void add_differences(struct replay_comparison *c, const struct oomlog_event *log,
			    const struct oomlog_event *run, const struct what_if *w,
			    bool is_changed)
{
	const char *expected = replay_constraints[c->plan->bound];

	if (!c->same_victim && !is_changed && c->has_kill && log->victim_count)
		explain_victim(c, log, w);
	else if (c->same_victim && is_known(log->chosen_pid) &&
		 !is_killed_in(log, log->chosen_pid) && replay_is_before(log, 5, 1))
		differ(c, "In the log the kernel chose that process and killed a child of it, as "
			  "kernels before 5.1 do; this one does not.");
	if (!c->same_constraint)
		differ(c, "The constraint here is %s and was to be %s.",
		       run->constraint ? run->constraint : "not told", expected);
	else if (log->constraint && run->constraint &&
		 strcmp(log->constraint, run->constraint) != 0)
		differ(c,
		       "The log prints the constraint %s; what ran out there is told by its "
		       "other lines, and ran out here as well.",
		       log->constraint);
	if (run->invoker_comm && strcmp(run->invoker_comm, "stage-filler") == 0)
		differ(c, "Memory ran out while the rest of it was filled, before the process that "
			  "was to request it did.");
	if (kind_of_way(run) != kind_of_way(log) && log->mechanism != MECHANISM_NONE &&
	    run->mechanism != MECHANISM_NONE)
		differ(c, "The call traces differ: in the log the invoker %s, here it %s.",
		       mechanism_words[log->mechanism].sentence,
		       mechanism_words[run->mechanism].sentence);
}

static void compare_events(struct replay_comparison *c, const struct oomlog_event *log,
			   const struct oomlog_event *run, bool is_changed)
{
	struct what_if_changes nothing = WHAT_IF_CHANGES_INIT;
	struct explanation log_x, run_x;
	struct what_if log_w, run_w;

	explanation_make(&log_x, log);
	explanation_make(&run_x, run);
	what_if_make(&log_w, &nothing, log, &log_x);
	what_if_make(&run_w, &nothing, run, &run_x);
	add_facts(c, log, run);
	c->first_part = c->fact_count;
	add_budget(c, &log_x, &run_x);
	order_log(c);
	order_run(c, &run_w);
	c->same_victim = is_same_victim(c->plan, log, run);
	c->others_killed = count_others(c->plan, run);
	c->same_scope = run->scope == log->scope;
	/* A panic comes before the line that has the constraint. */
	c->same_constraint =
		run->constraint ? strcmp(run->constraint, replay_constraints[c->plan->bound]) == 0
				: c->has_panicked && c->same_scope;
	c->run_victim = victims_text(c->plan, run, true);
	add_differences(c, log, run, &log_w, is_changed);
	what_if_release(&log_w);
	what_if_release(&run_w);
	explanation_release(&log_x);
	explanation_release(&run_x);
}

static bool may_kill_any(const struct replay_plan *plan)
{
	for (size_t i = 0; i < plan->row_count; i++)
		if (plan->rows[i].oom_score_adj != BADNESS_UNKILLABLE)
			return true;
	return false;
}

void replay_compare(struct replay_comparison *c, const struct replay_plan *plan,
		    const struct oomlog_event *log_event, const struct oomlog_event *run_event,
		    bool is_changed)
{
	c->plan = plan;
	c->log_order = c->run_order = c->differences = (struct strvec)STRVEC_INIT;
	c->log_victim = victims_text(plan, log_event, false);
	c->has_kill = run_event && run_event->victim_count;
	c->has_panicked = run_event && run_event->panic && !run_event->victim_count;
	if (c->has_kill || c->has_panicked)
		compare_events(c, log_event, run_event, is_changed);
	else if (!may_kill_any(plan))
		differ(c, "No process here may be killed: all have an oom_score_adj of -1000, so "
			  "the kernel found nobody.");
}

void replay_comparison_release(struct replay_comparison *c)
{
	for (size_t i = 0; i < c->fact_count; i++) {
		free(c->facts[i].in_log);
		free(c->facts[i].in_run);
	}
	free(c->facts);
	free(c->log);
	free(c->folder);
	free(c->log_victim);
	free(c->run_victim);
	strvec_release(&c->log_order);
	strvec_release(&c->run_order);
	strvec_release(&c->differences);
}
