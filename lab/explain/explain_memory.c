#include <inttypes.h>
#include <string.h>

#include "explain/explain_parts.h"

#define MIB (INT64_C(1) << 20)

static void add_item(struct explanation *x, const char *name, int64_t bytes)
{
	size_t at;

	if (!is_known(bytes) || bytes <= 0)
		return;
	ARRAY_PUSH(x->budget, x->budget_count, x->budget_capacity);
	for (at = x->budget_count - 1; at > 0 && x->budget[at - 1].bytes < bytes; at--)
		x->budget[at] = x->budget[at - 1];
	x->budget[at] = (struct memory_part){name, bytes};
}

static int64_t minus(int64_t whole, int64_t part)
{
	if (!is_known(whole))
		return ABSENT;
	return whole > or_zero(part) ? whole - or_zero(part) : 0;
}

/* By memory.stat of cgroup v2, which kernels 5.3 to 6.4 print for v1, too. No parts overlap. */
static void budget_v2(struct explanation *x, const struct oomlog_event *ev)
{
	static const struct {
		const char *key, *name;
	} kernel_parts[] = {
		{"slab", "kernel objects (slab)"},
		{"pagetables", "page tables"},
		{"kernel_stack", "kernel stacks"},
		{"percpu", "per-CPU kernel data"},
		{"sec_pagetables", "page tables of devices and guests"},
		{"vmalloc", "kernel vmalloc areas"},
	};
	int64_t parts = 0;

	add_item(x, "anonymous memory (heap, stacks)", explain_stat(ev, "anon"));
	add_item(x, "page cache of files",
		 minus(explain_stat(ev, "file"), explain_stat(ev, "shmem")));
	add_item(x, "tmpfs and shared memory", explain_stat(ev, "shmem"));
	add_item(x, "socket buffers", explain_stat(ev, "sock"));
	for (size_t i = 0; i < sizeof(kernel_parts) / sizeof(kernel_parts[0]); i++) {
		int64_t bytes = explain_stat(ev, kernel_parts[i].key);

		add_item(x, kernel_parts[i].name, bytes);
		parts += or_zero(bytes);
	}
	if (is_known(explain_stat(ev, "kernel")))
		add_item(x, "other kernel memory", minus(explain_stat(ev, "kernel"), parts));
}

static int64_t total_stat(const struct oomlog_event *ev, const char *name, const char *total)
{
	int64_t value = explain_stat(ev, total);

	return is_known(value) ? value : explain_stat(ev, name);
}

static void budget_v1(struct explanation *x, const struct oomlog_event *ev)
{
	int64_t shmem = total_stat(ev, "shmem", "total_shmem");

	add_item(x, "anonymous memory (heap, stacks)", total_stat(ev, "rss", "total_rss"));
	add_item(x, is_known(shmem) ? "page cache of files" : "page cache, tmpfs and shared memory",
		 minus(total_stat(ev, "cache", "total_cache"), shmem));
	add_item(x, "tmpfs and shared memory", shmem);
	add_item(x, "kernel memory", ev->kmem_usage_bytes);
}

static int64_t counter_sum(const struct oomlog_event *ev, const char *a, const char *b)
{
	int64_t first = explain_counter(ev, a), second = explain_counter(ev, b);

	if (!is_known(first) && !is_known(second))
		return ABSENT;
	return or_zero(first) + or_zero(second);
}

static int64_t plus(int64_t sum, int64_t more)
{
	return is_known(sum) ? sum + or_zero(more) : ABSENT;
}

static void budget_machine(struct explanation *x, const struct oomlog_event *ev)
{
	/* Shared memory is on the anonymous lists, or unevictable: it is no part of its own. */
	add_item(x, "anonymous memory, tmpfs and shared memory",
		 plus(counter_sum(ev, "active_anon", "inactive_anon"),
		      counter_sum(ev, "isolated_anon", "isolated(anon)")));
	/* Until 2.6.27 one pair of lists held both kinds. */
	add_item(x, "anonymous memory and page cache", counter_sum(ev, "active", "inactive"));
	add_item(x, "kernel objects (slab)", explain_counter(ev, "slab"));
	add_item(x, "page cache of files",
		 plus(counter_sum(ev, "active_file", "inactive_file"),
		      counter_sum(ev, "isolated_file", "isolated(file)")));
	add_item(x, "locked or unevictable", explain_counter(ev, "unevictable"));
	add_item(x, "kernel objects that cannot be freed (slab)",
		 explain_counter(ev, "slab_unreclaimable"));
	add_item(x, "kernel caches that can be freed (slab)",
		 explain_counter(ev, "slab_reclaimable"));
	add_item(x, "page tables", explain_counter(ev, "pagetables"));
	add_item(x, "kernel stacks", ev->kernel_stack_bytes);
	add_item(x, "free", explain_counter(ev, "free"));
	add_item(x, "free, in lists of single CPUs", explain_counter(ev, "free_pcp"));
	add_item(x, "page tables of devices and guests", explain_counter(ev, "sec_pagetables"));
	add_item(x, "other kernel memory that can be freed",
		 explain_counter(ev, "kernel_misc_reclaimable"));
	add_item(x, "pools of huge pages", ev->hugepages_bytes);
	add_item(x, "compressed pages of zram and zswap", ev->zspages_bytes);
	add_item(x, "balloon (given back to the hypervisor)", ev->balloon_bytes);
	if (is_known(ev->ram_bytes))
		x->budget_total = ev->ram_bytes - or_zero(ev->reserved_bytes);
}

/* Adds what is missing to the total as a part, unless it is 2 % or less. */
static void add_rest(struct explanation *x, const char *name)
{
	int64_t sum = 0;

	for (size_t i = 0; i < x->budget_count; i++)
		sum += x->budget[i].bytes;
	if (is_known(x->budget_total) && x->budget_total - sum > x->budget_total / 50)
		add_item(x, name, x->budget_total - sum);
}

/* By cgroup v2's names of statistics or by v1's; returns the line to cite. */
static uint64_t memcg_budget(struct explanation *x, const struct oomlog_event *ev)
{
	x->budget_total = ev->usage_bytes;
	if (is_known(explain_stat(ev, "anon")))
		budget_v2(x, ev);
	else
		budget_v1(x, ev);
	add_rest(x, "not in these statistics");
	return ev->lines.stats ? ev->lines.stats : ev->lines.limit;
}

/* Without the counters of the page lists, add_rest() would take the lists for the rest. */
static bool has_lists(const struct oomlog_event *ev)
{
	return is_known(counter_sum(ev, "active", "inactive")) ||
	       (is_known(explain_counter(ev, "active_anon")) &&
		is_known(explain_counter(ev, "inactive_anon")) &&
		is_known(explain_counter(ev, "active_file")) &&
		is_known(explain_counter(ev, "inactive_file")));
}

static void say_largest_parts(struct explanation *x, const struct oomlog_event *ev, uint64_t line)
{
	const struct memory_part *first = x->budget, *second;

	if (!x->budget_count || !is_known(x->budget_total) || x->budget_total <= 0)
		return;
	second = first + 1;
	if (!explain_is_memcg(ev) && !has_lists(ev))
		explain_say(
			x, TOPIC_MEMORY, line, 0,
			"Of %s, the largest part among the counters that are left here, not all, is %s: %s (%d %%).",
			SIZE_TEXT(x->budget_total), first->name, SIZE_TEXT(first->bytes),
			percent(first->bytes, x->budget_total));
	else if (x->budget_count > 1 && second->bytes > x->budget_total / 10)
		explain_say(x, TOPIC_MEMORY, line, ev->lines.limit,
			    "Of %s, %s (%d %%) is %s and %s (%d %%) is %s.",
			    SIZE_TEXT(x->budget_total), SIZE_TEXT(first->bytes),
			    percent(first->bytes, x->budget_total), first->name,
			    SIZE_TEXT(second->bytes), percent(second->bytes, x->budget_total),
			    second->name);
	else
		explain_say(x, TOPIC_MEMORY, line, ev->lines.limit, "Of %s, %s (%d %%) is %s.",
			    SIZE_TEXT(x->budget_total), SIZE_TEXT(first->bytes),
			    percent(first->bytes, x->budget_total), first->name);
}

static void say_shared(struct explanation *x, const struct oomlog_event *ev)
{
	int64_t shmem = explain_counter(ev, "shmem");

	if (is_known(shmem) && is_known(x->budget_total) && shmem > x->budget_total / 10)
		explain_say(
			x, TOPIC_MEMORY, ev->lines.meminfo, 0,
			"%s (%d %%) is tmpfs or shared memory: its files stay when processes die, mappings and driver objects until their last user has gone.",
			SIZE_TEXT(shmem), percent(shmem, x->budget_total));
}

static int64_t sum_of_rows(const struct oomlog_event *ev)
{
	int64_t sum = 0;

	for (size_t i = 0; i < ev->task_count; i++)
		if (sum < INT64_C(1) << 60)
			sum += or_zero(ev->tasks[i].rss_bytes);
	return sum;
}

/* Memory of the cgroup that no listed process has resident: no process's, or rows are missing. */
static void say_mismatch(struct explanation *x, const struct oomlog_event *ev)
{
	int64_t sum = sum_of_rows(ev), usage = ev->usage_bytes, anon = explain_stat(ev, "anon");

	if (!is_known(anon))
		anon = total_stat(ev, "rss", "total_rss");
	if (!ev->task_count || !explain_is_memcg(ev) || !is_known(usage) || sum >= usage / 2 ||
	    usage < 2 * MIB)
		return;
	if (is_known(anon) && anon > sum + usage / 4)
		explain_say(
			x, TOPIC_MEMORY, ev->lines.table, ev->lines.stats,
			"The processes listed hold %s together, but the cgroup has %s of anonymous memory, which is processes' own: rows of the table are missing here.",
			SIZE_TEXT(sum), SIZE_TEXT(anon));
	else
		explain_say(
			x, TOPIC_MEMORY, ev->lines.table, ev->lines.limit,
			"The processes listed hold %s together, %d %% of what the cgroup uses: most of it belongs to no process that could be killed for it%s.",
			SIZE_TEXT(sum), percent(sum, usage),
			is_known(anon) ? "" : ", if the table is whole");
}

static void say_swapped(struct explanation *x, const struct oomlog_event *ev)
{
	const struct oomlog_task *most = NULL;

	for (size_t i = 0; i < ev->task_count; i++)
		if (is_known(ev->tasks[i].swap_bytes) &&
		    (!most || ev->tasks[i].swap_bytes > most->swap_bytes))
			most = &ev->tasks[i];
	if (most && most->swap_bytes > 64 * MIB && most->swap_bytes > most->rss_bytes)
		explain_say(
			x, TOPIC_MEMORY, most->line, 0,
			"%s (pid %" PRId64
			") has %s in swap, more than it has resident (%s): rss alone does not show its size.",
			explain_name(x, most->comm), most->pid, SIZE_TEXT(most->swap_bytes),
			SIZE_TEXT(most->rss_bytes));
}

/* Drops a budget with a part 25 % above the total: of different dumps, or of a mangled log. */
static void doubt_budget(struct explanation *x)
{
	if (x->budget_count && is_known(x->budget_total) &&
	    x->budget[0].bytes / 4 > x->budget_total / 4 + x->budget_total / 16)
		x->budget_count = 0;
}

void explain_budget(struct explanation *x, const struct oomlog_event *ev)
{
	uint64_t line = ev->lines.meminfo;

	if (explain_is_memcg(ev) && ev->stat_count) {
		line = memcg_budget(x, ev);
	} else if (ev->meminfo_count && !explain_is_memcg(ev)) {
		budget_machine(x, ev);
		if (has_lists(ev))
			add_rest(x, explain_rest_name);
	}
	doubt_budget(x);
	say_largest_parts(x, ev, line);
	say_shared(x, ev);
	say_mismatch(x, ev);
	say_swapped(x, ev);
	explain_kernel_memory(x, ev);
}
