#include <inttypes.h>
#include <stdio.h>

#include "explain/explain_parts.h"

/* The invoker's pid is a thread's, the victim's a process's: two pids may be one process. */
static void say_invoker_or_victim(struct explanation *x, const struct oomlog_event *ev)
{
	uint64_t killed;

	if (!ev->victim_count || !is_known(ev->invoker_pid))
		return;
	killed = ev->victims[0].line;
	if (ev->victims[0].pid == ev->invoker_pid)
		explain_say(x, TOPIC_WHO, ev->lines.cpu, killed,
			    "It is also the process that was killed.");
	else if (explain_is_listed(ev, ev->invoker_pid))
		explain_say(
			x, TOPIC_WHO, ev->lines.cpu, killed,
			"It is not the process that was killed: whoever asks last only makes the shortage known.");
	else if (!explain_is_kernel_thread(ev) && ev->task_count &&
		 explain_is_listed(ev, ev->victims[0].pid))
		explain_say(
			x, TOPIC_WHO, ev->lines.cpu, ev->lines.table,
			"Pid %" PRId64
			" has no row in the task table as it stands here: that lists %s.",
			ev->invoker_pid,
			explain_is_memcg(ev)
				? "the processes of the cgroup that was full, not threads, nor who is outside"
				: "processes, not threads");
}

static void say_kernel_thread(struct explanation *x, const struct oomlog_event *ev)
{
	if (explain_is_kernel_thread(ev))
		explain_say(
			x, TOPIC_WHO, ev->lines.trace ? ev->lines.trace : ev->lines.invoked, 0,
			"Kernel threads have no memory of their own: they are in no task table and are never killed.");
}

bool explain_kernel_is_before(const struct oomlog_event *ev, int major, int minor)
{
	int a, b;

	return ev->kernel && sscanf(ev->kernel, "%d.%d", &a, &b) == 2 &&
	       (a < major || (a == major && b < minor));
}

void explain_who(struct explanation *x, const struct oomlog_event *ev)
{
	const char *how = mechanism_words[ev->mechanism].sentence;
	const char *invoker = explain_process(x, ev->invoker_comm, ev->invoker_pid);

	if (!ev->lines.invoked && how)
		explain_say(x, TOPIC_WHO, ev->lines.trace, 0,
			    "Who requested memory is not named here; by the call trace it %s.",
			    how);
	if (!ev->lines.invoked || !ev->invoker_comm)
		return;
	if (ev->by_hand && !mechanism_needs_none(ev->mechanism))
		explain_say(x, TOPIC_WHO, ev->lines.invoked, 0,
			    "Nobody was refused memory: %s carried out the request.", invoker);
	else if (mechanism_needs_none(ev->mechanism))
		explain_say(x, TOPIC_WHO, ev->lines.invoked, ev->lines.trace,
			    "Nobody was refused memory: %s %s.", invoker, how);
	else if (explain_is_kswapd(ev))
		explain_say(
			x, TOPIC_WHO, ev->lines.invoked, 0,
			"No allocation failed, if %s is the kernel's own reclaim thread, as its name says: that asks for a kill only where all that it could evict had been in use within min_ttl_ms or is protected (multi-generational LRU's guard against thrashing).",
			invoker);
	else if (how)
		explain_say(x, TOPIC_WHO, ev->lines.invoked, ev->lines.trace,
			    "%s requested memory that was not there: it %s.", invoker, how);
	else
		explain_say(x, TOPIC_WHO, ev->lines.invoked, 0,
			    "%s requested memory that was not there%s.", invoker,
			    ev->trace_count ? "; the call trace does not tell by what means" : "");
	say_invoker_or_victim(x, ev);
	say_kernel_thread(x, ev);
	if (explain_request_is_lost(ev) && !mechanism_needs_none(ev->mechanism))
		explain_say(
			x, TOPIC_WHO, ev->lines.invoked, 0,
			"gfp_mask is 0: what was requested is lost. A page fault ended in \"out of memory\" further down%s.",
			explain_kernel_is_before(ev, 3, 8)
				? ""
				: ", which a limit on a cgroup's kernel memory can cause although the machine has memory left");
	if (ev->order > 0)
		explain_say(x, TOPIC_WHO, ev->lines.invoked, 0,
			    "It wanted %d contiguous pages (order %d, %s%s).", 1 << ev->order,
			    (int)ev->order, SIZE_TEXT(ev->page_size << ev->order),
			    ev->page_size_assumed
				    ? " if pages are of 4 KiB, which the log does not tell"
				    : "");
}
