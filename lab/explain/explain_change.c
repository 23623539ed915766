#include "explain/explain_parts.h"

static void change_memcg(struct explanation *x, const struct oomlog_event *ev)
{
	const char *top = explain_name(x, ev->oom_memcg);
	uint64_t line = ev->lines.limit ? ev->lines.limit : ev->lines.summary;
	int64_t shmem = explain_stat(ev, "shmem");

	if (ev->mechanism == MECHANISM_LIMIT_LOWERED)
		explain_say(
			x, TOPIC_CHANGE, ev->lines.trace, line,
			"Lower a limit only below what is in use when a kill is wanted: memory.high or memory.reclaim take memory back without one.");
	else if (ev->scope == SCOPE_ANCESTOR)
		explain_say(
			x, TOPIC_CHANGE, line, 0,
			"Raising the victim's own limit does not help: %s is what was full. Raise that, or let less run below it.",
			top);
	else
		explain_say(x, TOPIC_CHANGE, line, 0,
			    "Raise the limit%s of %s, or have what runs there touch less memory.",
			    explain_memsw_is_full(ev) ? " of memory and swap together" : "",
			    ev->oom_memcg ? top : "the cgroup");
	if (is_known(shmem) && is_known(ev->usage_bytes) && shmem > ev->usage_bytes / 4)
		explain_say(
			x, TOPIC_CHANGE, ev->lines.stats, 0,
			"Files in tmpfs stay charged until they are deleted, whoever is killed: delete them, or give the tmpfs a size limit.");
	/* Only anonymous memory and tmpfs can be swapped out. */
	if (is_known(ev->swap_limit_bytes) && ev->swap_limit_bytes == 0 &&
	    (!is_known(ev->usage_bytes) ||
	     or_zero(explain_stat(ev, "anon")) + or_zero(shmem) > ev->usage_bytes / 2))
		explain_say(x, TOPIC_CHANGE, ev->lines.swap_limit, 0,
			    "Allowing swap (memory.swap.max) would trade the kill for slowness.");
}

static void change_machine(struct explanation *x, const struct oomlog_event *ev)
{
	if (ev->by_hand) {
		explain_say(
			x, TOPIC_CHANGE, ev->lines.invoked, 0,
			"Nothing was short: find who wrote to /proc/sysrq-trigger or pressed the keys.");
		return;
	}
	if (ev->gfp_mask && text_starts_with(ev->gfp_mask, "0x0")) {
		explain_say(
			x, TOPIC_CHANGE, ev->lines.invoked, 0,
			"Look for limits on kernel memory (memory.kmem.limit_in_bytes) around the invoker, and for messages of failed allocations just before.");
		return;
	}
	if (explain_is_kswapd(ev))
		explain_say(
			x, TOPIC_CHANGE, ev->lines.trace ? ev->lines.trace : ev->lines.invoked, 0,
			"/sys/kernel/mm/lru_gen/min_ttl_ms is the choice between a kill and thrashing: with a smaller value the kernel goes on evicting what is in use.");
	if (ev->scope == SCOPE_CPUSET)
		explain_say(
			x, TOPIC_CHANGE, ev->lines.summary, 0,
			"Give the cpuset more memory nodes, or one with the kind of memory that kernel objects need.");
	else if (ev->scope == SCOPE_MEMPOLICY)
		explain_say(x, TOPIC_CHANGE, ev->lines.summary, 0,
			    "Let the memory policy prefer its nodes instead of binding to them.");
	else if (explain_is_short_of_low_memory(ev))
		explain_say(
			x, TOPIC_CHANGE, ev->lines.invoked, 0,
			"HighMem cannot serve the kernel's own requests: a 64-bit kernel, which has none, can use all memory for them.");
	else if (ev->order > 0 && is_known(ev->order) && ev->compaction_disabled &&
		 explain_is_fragmented(ev))
		explain_say(
			x, TOPIC_CHANGE, ev->lines.invoked, 0,
			"This kernel has no compaction (CONFIG_COMPACTION): with it, or with a larger vm.min_free_kbytes, large requests fare better.");
	else if (ev->order > 0 && is_known(ev->order) && explain_is_fragmented(ev))
		explain_say(
			x, TOPIC_CHANGE, ev->lines.invoked, 0,
			"A larger vm.min_free_kbytes or earlier compaction helps large requests; more memory may not.");
	else
		explain_say(
			x, TOPIC_CHANGE, ev->lines.meminfo ? ev->lines.meminfo : ev->lines.killed,
			0,
			"Put a memory limit on what may grow, so that it and not the machine runs out.");
	if (is_known(ev->swap_total_bytes) && ev->swap_total_bytes == 0)
		explain_say(x, TOPIC_CHANGE, ev->lines.swap, 0,
			    "Swap would give the kernel somewhere to put what is not in use.");
}

void explain_change(struct explanation *x, const struct oomlog_event *ev)
{
	if (explain_is_memcg(ev))
		change_memcg(x, ev);
	else if (explain_is_machine(ev))
		change_machine(x, ev);
}
