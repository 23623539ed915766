#include <inttypes.h>
#include <string.h>

#include "explain/what_if_parts.h"

#define NAMES_SHOWN 8

static void say_adj(struct what_if *w, const struct what_if_adj *adj, const struct oomlog_event *ev)
{
	const char *name = explain_name(&w->said, adj->name);
	size_t count = 0;

	for (size_t i = 0; i < ev->task_count; i++)
		count += what_if_is_of(adj, ev, &ev->tasks[i]);
	if (!count)
		WHAT_IF_SAY(w, ev->lines.table, 0,
			    "No process listed here is %s: that change does nothing.", name);
	else if (count > 1)
		WHAT_IF_SAY(w, ev->lines.table, 0,
			    "All %zu processes named %s are given an oom_score_adj of %" PRId64 ".",
			    count, name, adj->value);
}

/* The size of the allocation that failed, or ABSENT. */
static int64_t requested(const struct oomlog_event *ev)
{
	return ev->order >= 0 && is_known(ev->order) ? ev->page_size << ev->order : ABSENT;
}

/* In pages where their size is not known. */
static const char *request_text(struct what_if *w, const struct oomlog_event *ev)
{
	if (!ev->page_size_assumed)
		return pool_format(&w->said.pool, "%s", SIZE_TEXT(requested(ev)));
	return pool_format(&w->said.pool, "%d page%s", 1 << ev->order, ev->order ? "s" : "");
}

static void say_fit(struct what_if *w, int64_t limit, const struct oomlog_event *ev)
{
	int64_t request = requested(ev);

	if (!is_known(ev->usage_bytes) || !is_known(request))
		WHAT_IF_SAY(
			w, ev->lines.limit ? ev->lines.limit : ev->lines.killed, 0,
			"Whether a limit of %s had sufficed for that moment the log does not show.",
			SIZE_TEXT(limit));
	else if (ev->usage_bytes <= limit && request <= limit - ev->usage_bytes)
		WHAT_IF_SAY(
			w, ev->lines.limit, ev->lines.invoked,
			"The %s charged then and the request of %s fit under %s; how far the usage would have grown after that, and up to which other limit, the log does not show.",
			SIZE_TEXT(ev->usage_bytes), request_text(w, ev), SIZE_TEXT(limit));
	else
		WHAT_IF_SAY(w, ev->lines.limit, ev->lines.invoked,
			    "The %s charged then and the request of %s do not fit under %s.",
			    SIZE_TEXT(ev->usage_bytes), request_text(w, ev), SIZE_TEXT(limit));
}

/* cgroup v1: also where memory alone is at its limit, too. */
static bool memsw_is_used_up(const struct oomlog_event *ev)
{
	return is_known(ev->memsw_usage_bytes) && is_known(ev->memsw_limit_bytes) &&
	       ev->memsw_usage_bytes >= ev->memsw_limit_bytes;
}

static void say_limit(struct what_if *w, int64_t limit, const struct oomlog_event *ev)
{
	uint64_t line = ev->lines.summary ? ev->lines.summary : ev->lines.killed;

	if (explain_is_machine(ev))
		WHAT_IF_SAY(w, line, 0,
			    "No cgroup's limit was reached here: limit= changes nothing.");
	else if (!explain_is_memcg(ev))
		WHAT_IF_SAY(
			w, line, 0,
			"Whether a cgroup's limit was reached the log does not say: limit= is left aside.");
	else if (memsw_is_used_up(ev))
		WHAT_IF_SAY(
			w, ev->lines.swap_limit ? ev->lines.swap_limit : ev->lines.limit, 0,
			"What is full is memory and swap together (%s): another limit of memory alone does not make more of it.",
			SIZE_TEXT(ev->memsw_limit_bytes));
	else if (is_known(ev->kmem_usage_bytes) && ev->kmem_usage_bytes >= ev->kmem_limit_bytes)
		WHAT_IF_SAY(
			w, ev->lines.limit, 0,
			"What is full is the kernel's own memory (%s): another limit of all memory does not make more of it.",
			SIZE_TEXT(ev->kmem_limit_bytes));
	else
		say_fit(w, limit, ev);
}

static void say_swap(struct what_if *w, int64_t swap, const struct oomlog_event *ev)
{
	int64_t used = explain_is_memcg(ev) ? ev->swap_usage_bytes
		       : is_known(ev->swap_total_bytes) && is_known(ev->swap_free_bytes)
			       ? ev->swap_total_bytes - ev->swap_free_bytes
			       : ABSENT;
	uint64_t line = explain_is_memcg(ev) ? ev->lines.swap_limit : ev->lines.swap;

	if (is_known(used) && used > swap)
		WHAT_IF_SAY(
			w, line, 0,
			"In swap were %s, more than that: where they had been then the table does not tell.",
			SIZE_TEXT(used));
	WHAT_IF_SAY(
		w, line ? line : ev->lines.table, 0,
		"How much would have been swapped then the log does not show: of swap= only its part in the weight of oom_score_adj is recomputed.");
}

static bool any_weighs(const struct what_if *w)
{
	for (size_t i = 0; i < w->task_count; i++)
		if (w->tasks[i].oom_score_adj && w->tasks[i].may_be_killed)
			return true;
	return false;
}

static void say_sizes(struct what_if *w, const struct what_if_changes *changes,
		      const struct oomlog_event *ev)
{
	if (is_known(changes->limit_bytes))
		say_limit(w, changes->limit_bytes, ev);
	if (is_known(changes->swap_bytes))
		say_swap(w, changes->swap_bytes, ev);
	if ((is_known(changes->limit_bytes) || is_known(changes->swap_bytes)) && !any_weighs(w))
		WHAT_IF_SAY(
			w, ev->lines.table, 0,
			"Limit and swap do not change the order: nobody who may be killed has an oom_score_adj other than 0.");
}

/* "a (pid 1), b (pid 2) and 3 more" of those that may be killed. */
static const char *killable_names(struct what_if *w, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
		text = pool_format(&w->said.pool, "%s%s%s", text, i ? ", " : "",
				   what_if_name(w, i));
	if (count > NAMES_SHOWN)
		text = pool_format(&w->said.pool, "%s and %zu more", text, count - NAMES_SHOWN);
	return text;
}

static void say_members(struct what_if *w, const struct oomlog_event *ev)
{
	size_t count = 0;

	while (count < w->task_count && w->tasks[count].may_be_killed)
		count++;
	WHAT_IF_SAY(
		w, ev->lines.table, ev->lines.summary,
		"With memory.oom.group everything in %s and below it is killed: of those listed %s%s.",
		explain_cgroup(&w->said, ev->oom_memcg), killable_names(w, count),
		count < w->task_count ? "; an oom_score_adj of -1000 spares the others" : "");
}

/* Why memory.oom.group cannot be on; NULL: it can. */
static const char *no_group(const struct oomlog_event *ev)
{
	if (is_known(ev->memsw_limit_bytes) || is_known(ev->kmem_limit_bytes))
		return "These are cgroups of version 1, which have no memory.oom.group.";
	/* It came with 4.19; distributions gave it to their 4.18. */
	if (explain_kernel_is_before(ev, 4, 18))
		return "Kernels before 4.18 have no memory.oom.group.";
	return NULL;
}

static void say_group_on(struct what_if *w, const struct oomlog_event *ev)
{
	uint64_t line = ev->lines.summary ? ev->lines.summary : ev->lines.table;
	const char *no = no_group(ev);

	if (w->chosen == SIZE_MAX)
		return;
	if (no)
		WHAT_IF_SAY(w, ev->lines.swap_limit ? ev->lines.swap_limit : line, 0, "%s", no);
	else if (ev->group_kill)
		WHAT_IF_SAY(w, ev->lines.group, 0, "memory.oom.group was set in the log, too.");
	else if (w->chosen != w->actual || !ev->task_memcg)
		WHAT_IF_SAY(
			w, line, 0,
			"In which cgroup %s was the log does not say, so who would be killed with it (memory.oom.group) is not known.",
			what_if_name(w, w->chosen));
	else if (!strcmp(ev->task_memcg, "/"))
		WHAT_IF_SAY(w, line, 0,
			    "The victim ran in the root cgroup, which has no memory.oom.group.");
	else if (ev->scope == SCOPE_OWN && ev->oom_memcg)
		say_members(w, ev);
	else
		WHAT_IF_SAY(
			w, line, 0,
			"With memory.oom.group everything in %s is killed; who of those listed was in it the log does not say.",
			explain_cgroup(&w->said, ev->task_memcg));
}

static void say_group(struct what_if *w, const struct what_if_changes *changes,
		      const struct oomlog_event *ev)
{
	uint64_t line = ev->lines.summary ? ev->lines.summary : ev->lines.killed;

	if (changes->group == WHAT_IF_ON)
		say_group_on(w, ev);
	else if (changes->group == WHAT_IF_OFF && !ev->group_kill)
		WHAT_IF_SAY(w, line, 0, "The log shows no group kill: group=off changes nothing.");
	else if (changes->group == WHAT_IF_OFF && w->chosen != SIZE_MAX)
		WHAT_IF_SAY(
			w, ev->lines.group, 0,
			"Without memory.oom.group %s alone is killed; in the log it was %zu process%s.",
			what_if_name(w, w->chosen), ev->victim_count,
			ev->victim_count == 1 ? "" : "es");
}

static void say_no_invoker(struct what_if *w, const struct oomlog_event *ev)
{
	const struct oomlog_task *invoker = what_if_invoker(ev);

	if (w->doubts & WHAT_IF_THREAD)
		WHAT_IF_SAY(
			w, ev->lines.invoked ? ev->lines.invoked : ev->lines.table, ev->lines.cpu,
			"The kernel would kill whoever asked, and the table does not show which process %s is of: by score it is the one above.",
			explain_process(&w->said, ev->invoker_comm, ev->invoker_pid));
	else if (invoker)
		WHAT_IF_SAY(w, ev->lines.invoked, invoker->line,
			    "%s, who asked, may not be killed, so the kernel chooses by score.",
			    explain_process(&w->said, invoker->comm, invoker->pid));
	else
		WHAT_IF_SAY(
			w, ev->lines.invoked, 0,
			"Who asked is a thread of the kernel, which is not killed, so the kernel chooses by score.");
}

static void say_allocating(struct what_if *w, const struct what_if_changes *changes,
			   const struct oomlog_event *ev)
{
	uint64_t line = ev->lines.summary ? ev->lines.summary : ev->lines.killed;

	if (changes->allocating == WHAT_IF_OFF && !ev->allocating_task)
		WHAT_IF_SAY(
			w, line, 0,
			"The log shows nobody killed for asking: kill-allocating=off changes nothing.");
	if (!what_if_kills_invoker(changes, ev) || w->is_whoever_asked)
		return;
	if (explain_is_memcg(ev))
		WHAT_IF_SAY(
			w, line, 0,
			"vm.oom_kill_allocating_task does not apply where a cgroup reached its limit.");
	else if (ev->by_hand)
		WHAT_IF_SAY(
			w, line, 0,
			"vm.oom_kill_allocating_task does not matter to a kill by hand (sysrq f).");
	else if (!explain_is_machine(ev))
		WHAT_IF_SAY(
			w, line, 0,
			"Whether a cgroup's limit was reached the log does not say: kill-allocating= is left aside.");
	else
		say_no_invoker(w, ev);
}

void what_if_say_settings(struct what_if *w, const struct what_if_changes *changes,
			  const struct oomlog_event *ev)
{
	for (size_t i = 0; i < changes->adj_count; i++)
		say_adj(w, &changes->adjs[i], ev);
	say_sizes(w, changes, ev);
	say_group(w, changes, ev);
	say_allocating(w, changes, ev);
}
