#include "explain/explain_parts.h"

#define MIB (INT64_C(1) << 20)

/* Parts of a cgroup's memory that its processes cause without having it resident. */
static void change_kernel_memory(struct explanation *x, const struct oomlog_event *ev)
{
	static const struct {
		const char *part, *advice;
	} causes[] = {
		{"socket buffers", "fewer or slower connections, or readers that keep up"},
		{"kernel objects (slab)", "fewer open files, directories or connections"},
		{"page tables", "fewer mappings, or huge pages"},
		{"kernel stacks", "fewer threads (pids.max)"},
		{"per-CPU kernel data", "fewer cgroups or BPF maps"},
		{"kernel vmalloc areas", "fewer threads or BPF maps"},
	};

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (is_known(x->budget_total) &&
		    explain_part(x, causes[i].part) > x->budget_total / 2)
			explain_say(
				x, TOPIC_CHANGE, ev->lines.stats, 0,
				"Most of it is not on the heap but %s: %s would need less of it.",
				causes[i].part, causes[i].advice);
}

static void change_memcg(struct explanation *x, const struct oomlog_event *ev)
{
	uint64_t line = ev->lines.limit ? ev->lines.limit : ev->lines.summary;
	int64_t shmem = explain_stat(ev, "shmem");

	if (ev->mechanism == MECHANISM_LIMIT_LOWERED)
		explain_say(
			x, TOPIC_CHANGE, ev->lines.trace, line,
			"Lower a limit only below what is in use when a kill is wanted: memory.high or memory.reclaim take memory back without one.");
	else
		explain_change_limit(x, ev, line);
	change_kernel_memory(x, ev);
	if (is_known(shmem) && is_known(ev->usage_bytes) && shmem > ev->usage_bytes / 4)
		explain_say(
			x, TOPIC_CHANGE, ev->lines.stats, 0,
			"Of tmpfs and shared memory the files stay charged until they are deleted, whoever is killed: delete them, or give the tmpfs a size limit.");
	/* Only anonymous memory and tmpfs can be swapped out. */
	if (is_known(ev->swap_limit_bytes) && ev->swap_limit_bytes == 0 &&
	    is_known(ev->usage_bytes) &&
	    or_zero(explain_stat(ev, "anon")) + or_zero(shmem) > ev->usage_bytes / 2)
		explain_say(x, TOPIC_CHANGE, ev->lines.swap_limit, ev->lines.stats,
			    "Allowing swap (memory.swap.max) would trade the kill for slowness.");
}

/* What to do about a part of the machine's memory that is at least so many percent of it. */
static const struct {
	const char *part, *advice;
	int percent;
} remedies[] = {
	{"kernel objects that cannot be freed (slab)",
	 "Find out which kernel objects grow (slabtop, /proc/slabinfo): limits on processes do not stop what the kernel allocates for itself.",
	 25},
	{"pools of huge pages",
	 "Size the pools of huge pages (vm.nr_hugepages, hugepages= at boot) to what is really used: nothing else may use them.",
	 20},
	{"page tables",
	 "Fewer processes that map the same memory, or huge pages for it, shrink the page tables.",
	 10},
	{"kernel stacks", "Limit the number of threads (pids.max, TasksMax=).", 4},
	{"compressed pages of zram and zswap",
	 "What zram and zswap hold stays in memory: swap on a disk would really free it.", 20},
	{"balloon (given back to the hypervisor)",
	 "Have the hypervisor deflate the balloon, or give the machine less to do.", 10},
	{explain_rest_name,
	 "Find out first whose the memory is that no counter shows (Percpu and VmallocUsed in /proc/meminfo, debugfs of the graphics driver, /proc/spl/kstat/zfs/arcstats): limits on processes do not stop it.",
	 25},
};

static bool change_parts(struct explanation *x, const struct oomlog_event *ev)
{
	bool any = false;

	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		int64_t bytes = explain_part(x, remedies[i].part);

		if (!is_known(x->budget_total) || !bytes ||
		    percent(bytes, x->budget_total) < remedies[i].percent)
			continue;
		explain_say(x, TOPIC_CHANGE, ev->lines.meminfo, 0, "%s", remedies[i].advice);
		any = true;
	}
	return any;
}

static int64_t process_memory(const struct explanation *x)
{
	return explain_part(x, "anonymous memory, tmpfs and shared memory") +
	       explain_part(x, "anonymous memory and page cache");
}

static void change_tmpfs(struct explanation *x, const struct oomlog_event *ev, int64_t shmem)
{
	explain_say(
		x, TOPIC_CHANGE, ev->lines.meminfo, 0,
		"%s is tmpfs or shared memory: delete what lies in tmpfs (df -t tmpfs), or give it a size limit; a limit on processes alone does not free it.",
		SIZE_TEXT(shmem));
}

/* Advice fits what the memory is; where the log does not tell, what the victim was. */
static void change_use(struct explanation *x, const struct oomlog_event *ev)
{
	int64_t total = x->budget_total, own = process_memory(x), shmem;
	bool told = change_parts(x, ev);

	shmem = explain_counter(ev, "shmem");
	if (is_known(total) && is_known(shmem) && shmem > total / 4)
		change_tmpfs(x, ev, shmem);
	if (is_known(total) && own - or_zero(shmem) > total / 4)
		explain_say(
			x, TOPIC_CHANGE, ev->lines.meminfo, 0,
			"Put a memory limit on what may grow, so that it and not the machine runs out.");
	else if (!x->budget_count && !told && explain_is_tiny(ev))
		explain_say(
			x, TOPIC_CHANGE, ev->lines.killed, 0,
			"The victim is too small to be what filled the machine: find what did before anything is changed.");
	else if (!x->budget_count && !told && ev->victim_count && ev->lines.killed)
		explain_say(
			x, TOPIC_CHANGE, ev->lines.killed, 0,
			"Put a memory limit on what may grow, so that it and not the machine runs out.");
	/* Only anonymous memory and tmpfs can be swapped out, unless they are locked. */
	if (is_known(ev->swap_total_bytes) && ev->swap_total_bytes == 0 && is_known(total) &&
	    own > total / 4)
		explain_say(x, TOPIC_CHANGE, ev->lines.swap, ev->lines.meminfo,
			    "Swap would give the kernel somewhere to put what is not in use.");
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
		change_use(x, ev);
}

void explain_change(struct explanation *x, const struct oomlog_event *ev)
{
	if (explain_is_memcg(ev))
		change_memcg(x, ev);
	else if (explain_is_machine(ev))
		change_machine(x, ev);
}
