#include "explain/explain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain_parts.h"

const char *topic_title(enum topic topic)
{
	static const char *const titles[TOPIC_COUNT] = {
		[TOPIC_WHAT] = "What happened",
		[TOPIC_WHO] = "Who requested memory",
		[TOPIC_WHY] = "Why this process",
		[TOPIC_MEMORY] = "Where the memory was",
		[TOPIC_RECLAIM] = "Why it could not be reclaimed",
		[TOPIC_CHANGE] = "What one could change",
		[TOPIC_UNSAID] = "What the log does not say",
	};

	return titles[topic];
}

static const char *killed_text(struct explanation *x, const struct oomlog_event *ev)
{
	const struct oomlog_victim *v = ev->victims;

	if (ev->panic && !ev->victim_count)
		return "the machine panicked";
	if (ev->no_killable_process && !ev->victim_count)
		return "nothing could be killed";
	if (ev->victim_count > 1)
		return pool_format(&x->pool, "%s and %zu more process%s were killed",
				   explain_process(x, v->comm, v->pid), ev->victim_count - 1,
				   ev->victim_count == 2 ? "" : "es");
	if (ev->victim_count)
		return pool_format(&x->pool, "%s was killed", explain_process(x, v->comm, v->pid));
	if (ev->chosen_comm)
		return pool_format(&x->pool, "%s was chosen to be killed",
				   explain_process(x, ev->chosen_comm, ev->chosen_pid));
	if (ev->lines.summary || explain_is_kill(ev))
		return "whom it killed the log does not say";
	return "who was killed, if anybody, the log does not say";
}

static const char *limit_text(struct explanation *x, const struct oomlog_event *ev)
{
	if (explain_memsw_is_full(ev))
		return pool_format(&x->pool, " of memory and swap together, %s",
				   SIZE_TEXT(ev->memsw_limit_bytes));
	if (!is_known(ev->limit_bytes) || ev->limit_is_max)
		return "";
	return pool_format(&x->pool, " of %s", SIZE_TEXT(ev->limit_bytes));
}

static const char *cause_text(struct explanation *x, const struct oomlog_event *ev)
{
	const char *top = explain_cgroup(x, ev->oom_memcg), *limit = limit_text(x, ev);

	if (is_known(ev->beancounter))
		return pool_format(&x->pool, "OpenVZ container %" PRId64 " ran out of memory",
				   ev->beancounter);
	if (ev->by_hand)
		return "somebody requested a kill by hand (sysrq f)";
	if (ev->mechanism == MECHANISM_BPF_REQUEST)
		return pool_format(&x->pool, "a BPF program asked for a kill%s%s",
				   ev->oom_memcg ? " in " : "", ev->oom_memcg ? top : "");
	if (explain_is_memcg(ev) && ev->limit_is_max)
		return pool_format(&x->pool, "%s ran out of memory without a limit of its own",
				   top);
	if (explain_is_memcg(ev) && !ev->oom_memcg)
		return pool_format(&x->pool, "a memory cgroup reached its limit%s", limit);
	if (explain_is_memcg(ev))
		return pool_format(&x->pool, "%s reached its limit%s", top, limit);
	if (ev->scope == SCOPE_CPUSET)
		return "the memory nodes of a cpuset had no memory for the request";
	if (ev->scope == SCOPE_MEMPOLICY)
		return "the memory nodes of a memory policy had no memory for the request";
	if (ev->scope == SCOPE_GLOBAL && ev->order > 0 &&
	    (ev->zone_count ? explain_is_fragmented(ev) : ev->order > 3))
		return pool_format(&x->pool, "the machine had no %s in one piece",
				   ev->page_size_assumed
					   ? pool_format(&x->pool, "%d pages", 1 << ev->order)
					   : pool_format(&x->pool, "%s of memory",
							 SIZE_TEXT(ev->page_size << ev->order)));
	if (ev->scope == SCOPE_GLOBAL && explain_request_is_lost(ev))
		return "a page fault failed for want of memory, and the kernel took the machine to be full";
	if (ev->scope == SCOPE_GLOBAL && ev->mechanism == MECHANISM_MIN_TTL)
		return "the machine had nothing to evict that was not in recent use (min_ttl_ms)";
	if (ev->scope == SCOPE_GLOBAL)
		return "the machine ran out of memory";
	if (explain_is_kswapd(ev))
		return "the kernel's reclaim thread asked for a kill";
	return "memory ran out; whose, the log does not say";
}

static void headline(struct explanation *x, const struct oomlog_event *ev)
{
	const char *killed = killed_text(x, ev), *cause = cause_text(x, ev);
	char first = *cause;

	if (first >= 'a' && first <= 'z')
		first = (char)(first - 'a' + 'A');
	x->headline = pool_format(&x->pool, "%c%s: %s.", first, cause + 1, killed);
}

/* No limit was hit: a limit on kernel memory, or who asks for a kill, says whose memory counts. */
static void say_unlimited(struct explanation *x, const struct oomlog_event *ev, uint64_t line)
{
	const char *top = explain_cgroup(x, ev->oom_memcg),
		   *task = explain_cgroup(x, ev->task_memcg);

	if (ev->scope == SCOPE_OWN)
		explain_say(x, TOPIC_WHAT, line, ev->lines.limit,
			    "The victim's own %s was to give memory; no limit is set for it.", top);
	else if (ev->task_memcg && ev->oom_memcg)
		explain_say(x, TOPIC_WHAT, line, ev->lines.limit,
			    "%s was to give memory; no limit is set for it. The victim ran in %s.",
			    top, task);
}

static void say_memcg(struct explanation *x, const struct oomlog_event *ev)
{
	const char *top = explain_cgroup(x, ev->oom_memcg),
		   *task = explain_cgroup(x, ev->task_memcg);
	uint64_t line = ev->lines.summary ? ev->lines.summary : ev->lines.task_in;

	if (ev->limit_is_max && !explain_memsw_is_full(ev))
		say_unlimited(x, ev, line);
	else if (ev->scope == SCOPE_OWN)
		explain_say(x, TOPIC_WHAT, line, ev->lines.limit,
			    "The limit that was hit is that of the victim's own %s.", top);
	else if (ev->scope == SCOPE_ANCESTOR)
		explain_say(
			x, TOPIC_WHAT, line, ev->lines.limit,
			"The limit that was hit is not the victim's own but an ancestor's: %s. The victim ran in %s; everything below the ancestor counts together.",
			top, task);
	else if (ev->task_memcg && ev->oom_memcg)
		explain_say(x, TOPIC_WHAT, line, ev->lines.limit,
			    "The limit that was hit is that of %s; the victim ran in %s.", top,
			    task);
	explain_say_owner(x, ev, line);
	if (is_known(ev->usage_bytes) && is_known(ev->limit_bytes) && !ev->limit_is_max)
		explain_say(x, TOPIC_WHAT, ev->lines.limit, 0, "It used %s of %s%s.",
			    SIZE_TEXT(ev->usage_bytes), SIZE_TEXT(ev->limit_bytes),
			    or_zero(ev->failcnt) > 0
				    ? pool_format(&x->pool,
						  "; charges had met the limit %" PRId64
						  " times by then (failcnt)",
						  ev->failcnt)
				    : "");
}

static const char *in_brackets(struct explanation *x, const char *list)
{
	return list ? pool_format(&x->pool, " (%s)", explain_name(x, list)) : "";
}

static void say_machine(struct explanation *x, const struct oomlog_event *ev)
{
	uint64_t line = ev->lines.summary ? ev->lines.summary : ev->lines.chosen;

	/* Old kernels blame the machine in the line of the choice, not in that of the kill. */
	if (!line)
		line = ev->lines.killed ? ev->lines.killed : ev->lines.panic;
	if (ev->scope == SCOPE_CPUSET)
		explain_say(
			x, TOPIC_WHAT, line, 0,
			"Not the whole machine counted, only the memory nodes%s that cpuset %s allows.",
			in_brackets(x, ev->mems_allowed), explain_name(x, ev->cpuset));
	else if (ev->scope == SCOPE_MEMPOLICY)
		explain_say(
			x, TOPIC_WHAT, line, 0,
			"Not the whole machine counted, only the memory nodes%s that the invoker's memory policy allows.",
			in_brackets(x, ev->nodemask));
	else if (explain_request_is_lost(ev))
		explain_say(
			x, TOPIC_WHAT, line, ev->lines.invoked,
			"The kernel names no cgroup; whether the machine was full the numbers below must tell.");
	else if (!ev->lines.invoked && !ev->lines.summary && !line)
		explain_say(
			x, TOPIC_WHAT, ev->lines.trace, 0,
			"By the call trace an allocation from the machine's memory failed, not a charge to a cgroup.");
	else if (!ev->lines.invoked && !ev->lines.summary && !ev->lines.meminfo)
		explain_say(
			x, TOPIC_WHAT, line, 0,
			"The kernel's words blame the machine, not the limit of a cgroup; what was requested is not in the log.");
	else if (explain_is_kswapd(ev))
		explain_say(
			x, TOPIC_WHAT, line, ev->lines.trace,
			"No cgroup limit was involved: the machine as a whole was short of memory.");
	else if (!ev->by_hand)
		explain_say(
			x, TOPIC_WHAT, line, 0,
			"No cgroup limit was involved: the machine had no memory of the kind that was requested.");
	if (ev->task_memcg)
		explain_say(x, TOPIC_WHAT, ev->lines.summary, 0, "The victim ran in %s.",
			    explain_cgroup(x, ev->task_memcg));
}

/* A part that the line does not give is left out, not printed as 0. */
static const char *resident_part(struct explanation *x, int64_t bytes, const char *before,
				 const char *after)
{
	return is_known(bytes) ? pool_format(&x->pool, "%s%s%s", before, SIZE_TEXT(bytes), after)
			       : "";
}

static void say_death(struct explanation *x, const struct oomlog_victim *v)
{
	bool whole = is_known(v->file_rss_bytes);

	if (!is_known(v->anon_rss_bytes))
		return;
	explain_say(x, TOPIC_WHAT, v->line, 0, "%s died with %s%s resident: %s anonymous%s%s.",
		    explain_process(x, v->comm, v->pid), whole ? "" : "at least ",
		    SIZE_TEXT(v->anon_rss_bytes + or_zero(v->file_rss_bytes) +
			      or_zero(v->shmem_rss_bytes)),
		    SIZE_TEXT(v->anon_rss_bytes),
		    resident_part(x, v->file_rss_bytes, ", ", " of files"),
		    resident_part(x, v->shmem_rss_bytes, ", ", " of shared memory"));
}

static void say_group(struct explanation *x, const struct oomlog_event *ev)
{
	if (ev->group_kill && ev->group_memcg)
		explain_say(
			x, TOPIC_WHAT, ev->lines.group, 0,
			"memory.oom.group is set for %s: the kernel kills all processes in it, but those with an oom_score_adj of -1000.",
			explain_cgroup(x, ev->group_memcg));
	else if (ev->group_kill)
		explain_say(
			x, TOPIC_WHAT, ev->lines.group, 0,
			"memory.oom.group is set: the kernel kills all processes of the cgroup, but those with an oom_score_adj of -1000.");
	if (ev->exiting_count)
		explain_say(x, TOPIC_WHAT, ev->lines.exiting, 0,
			    "%" PRId64 " more %s already exiting and %s not killed again.",
			    ev->exiting_count, ev->exiting_count == 1 ? "was" : "were",
			    ev->exiting_count == 1 ? "was" : "were");
}

/*
 * The kernel's last word comes right behind the table's header. The counters are there, so that
 * nobody filtered the rows out.
 */
static bool is_empty_table(const struct oomlog_event *ev)
{
	return ev->no_killable_process && ev->lines.table && !ev->task_count && !ev->rows_unread &&
	       (ev->meminfo_count || ev->stat_count) && ev->lines.no_killable > ev->lines.table &&
	       ev->lines.no_killable - ev->lines.table <= 2;
}

static void say_deaths(struct explanation *x, const struct oomlog_event *ev)
{
	for (size_t i = 0; i < ev->victim_count && i < 8; i++)
		say_death(x, &ev->victims[i]);
	if (ev->victim_count > 8)
		explain_say(x, TOPIC_WHAT, ev->victims[8].line, 0, "%zu more were killed.",
			    ev->victim_count - 8);
	say_group(x, ev);
	if (ev->no_killable_process)
		explain_say(x, TOPIC_WHAT, ev->lines.no_killable, ev->lines.panic,
			    "The kernel found no process it may kill%s.",
			    ev->panic ? " and stopped the machine (panic)" : "");
	if (is_empty_table(ev))
		explain_say(x, TOPIC_WHAT, ev->lines.table, ev->lines.no_killable,
			    "The task table is empty: no process was there to be killed.");
	if (!ev->no_killable_process && ev->panic)
		explain_say(
			x, TOPIC_WHAT, ev->lines.panic, 0,
			"vm.panic_on_oom is %s: the kernel stopped the machine instead of killing.",
			ev->panic_is_compulsory ? "2 (always)" : "set");
}

static void say_reserved(struct explanation *x, const struct oomlog_event *ev)
{
	const struct oomlog_victim *v = ev->victims;
	int64_t resident, swapped = 0;

	if (!ev->victim_count || !is_known(v->total_vm_bytes) || !is_known(v->anon_rss_bytes) ||
	    !is_known(v->file_rss_bytes))
		return;
	for (size_t i = 0; i < ev->task_count; i++)
		if (ev->tasks[i].pid == v->pid)
			swapped = or_zero(ev->tasks[i].swap_bytes);
	resident = v->anon_rss_bytes + or_zero(v->file_rss_bytes) + or_zero(v->shmem_rss_bytes);
	if (v->total_vm_bytes - resident - swapped < (64 << 20) ||
	    v->total_vm_bytes < 2 * (resident + swapped))
		return;
	explain_say(
		x, TOPIC_MEMORY, v->line, 0,
		"%s had %s of addresses (total-vm) but only %s of it resident%s%s: the other %s was reserved and never touched, or is what RSS does not count (%spages of a graphics card or another device, huge pages). Addresses alone take no memory%s.",
		explain_name(x, v->comm), SIZE_TEXT(v->total_vm_bytes), SIZE_TEXT(resident),
		swapped ? ", and in swap " : "", swapped ? SIZE_TEXT(swapped) : "",
		SIZE_TEXT(v->total_vm_bytes - resident - swapped),
		!swapped && !explain_is_listed(ev, v->pid) &&
				(ev->swap_total_bytes != 0 || or_zero(explain_stat(ev, "swap")) > 0)
			? "swap, "
			: "",
		ev->old_score ? ", though this kernel chooses its victim by them" : "");
}

static void say_unsaid(struct explanation *x, const struct oomlog_event *ev)
{
	if (!ev->scope && !ev->by_hand && !is_known(ev->beancounter))
		explain_say(x, TOPIC_UNSAID, 0, 0,
			    "Whose memory ran out: a cgroup's or the machine's.");
	if (!ev->lines.invoked)
		explain_say(x, TOPIC_UNSAID, 0, 0,
			    "Who requested memory: the \"invoked oom-killer\" line is not there.");
	else if (ev->invoker_is_unsaid)
		explain_say(x, TOPIC_UNSAID, 0, 0,
			    "Who requested memory: kernels before 2.6.22 do not print it.");
	if (is_empty_table(ev))
		return;
	if (!ev->task_count && ev->lines.table)
		explain_say(
			x, TOPIC_UNSAID, ev->lines.table, 0,
			"Which other processes there were: the task table has its header here, but no row that can be read (filtered out, or cut).");
	else if (!ev->task_count)
		explain_say(
			x, TOPIC_UNSAID, 0, 0,
			"Which other processes there were: no task table (vm.oom_dump_tasks=0, a suppressed report, or the log is cut).");
	if (!ev->victim_count && !ev->no_killable_process && !ev->panic)
		explain_say(x, TOPIC_UNSAID, 0, 0, "Who was killed%s.",
			    explain_is_kill(ev) ? "" : ", and whether anybody was");
}

/* An insertion sort: stable, and there are only a few dozen sentences. */
static void sort_sentences(struct explanation *x)
{
	for (size_t i = 1; i < x->sentence_count; i++) {
		struct sentence s = x->sentences[i];
		size_t at = i;

		for (; at > 0 && x->sentences[at - 1].topic > s.topic; at--)
			x->sentences[at] = x->sentences[at - 1];
		x->sentences[at] = s;
	}
}

/* A sentence without a line rests on the scope alone, and cites the line that tells the scope. */
static void cite_the_rest(struct explanation *x, const struct oomlog_event *ev)
{
	const uint64_t told_by[] = {ev->lines.summary, ev->lines.killed, ev->lines.chosen,
				    ev->lines.group,   ev->lines.panic,	 ev->lines.no_killable,
				    ev->lines.trace,   ev->lines.first};
	size_t best = 0;

	while (!told_by[best] && best + 1 < sizeof(told_by) / sizeof(told_by[0]))
		best++;
	for (size_t i = 0; i < x->sentence_count; i++)
		if (x->sentences[i].topic != TOPIC_UNSAID && !x->sentences[i].line_count)
			x->sentences[i].lines[x->sentences[i].line_count++] = told_by[best];
}

void explanation_make(struct explanation *x, const struct oomlog_event *ev)
{
	*x = (struct explanation){.budget_total = ABSENT,
				  .total_bytes = ABSENT,
				  .largest = SIZE_MAX,
				  .runner_up = SIZE_MAX,
				  .victim = SIZE_MAX};
	headline(x, ev);
	explain_scores(x, ev);
	explain_budget(x, ev);
	if (explain_is_memcg(ev))
		say_memcg(x, ev);
	else if (explain_is_machine(ev))
		say_machine(x, ev);
	say_deaths(x, ev);
	explain_who(x, ev);
	explain_victim(x, ev);
	explain_victim_alone(x, ev);
	say_reserved(x, ev);
	explain_reclaim(x, ev);
	explain_change(x, ev);
	say_unsaid(x, ev);
	cite_the_rest(x, ev);
	sort_sentences(x);
}

void explanation_release(struct explanation *x)
{
	free(x->sentences);
	free(x->budget);
	free(x->candidates);
	pool_release(&x->pool);
}
