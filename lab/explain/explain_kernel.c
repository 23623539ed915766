#include <inttypes.h>
#include <string.h>

#include "explain/explain_parts.h"

#define MIB (INT64_C(1) << 20)
/* The stack of a thread on x86-64 since 3.15, and on arm64 with pages of 4 KiB. */
#define THREAD_STACK (16 << 10)

const char explain_rest_name[] = "not in these counters";

int64_t explain_part(const struct explanation *x, const char *name)
{
	for (size_t i = 0; i < x->budget_count; i++)
		if (strcmp(x->budget[i].name, name) == 0)
			return x->budget[i].bytes;
	return 0;
}

/* More than a twentieth of the memory in question: it counts. */
static bool is_much(const struct explanation *x, int64_t bytes)
{
	return is_known(bytes) && is_known(x->budget_total) && bytes > x->budget_total / 20;
}

static void say_huge_pages(struct explanation *x, const struct oomlog_event *ev)
{
	if (is_much(x, ev->hugepages_bytes))
		explain_say(
			x, TOPIC_MEMORY, ev->lines.hugepages, ev->lines.meminfo,
			"Pools of huge pages take %s (%d %%), of which %s are in use: the kernel keeps the rest from everything else (vm.nr_hugepages).",
			SIZE_TEXT(ev->hugepages_bytes),
			percent(ev->hugepages_bytes, x->budget_total),
			SIZE_TEXT(ev->hugepages_bytes - or_zero(ev->hugepages_free_bytes)));
}

static void say_zspages(struct explanation *x, const struct oomlog_event *ev)
{
	if (is_much(x, ev->zspages_bytes))
		explain_say(
			x, TOPIC_MEMORY, ev->lines.zspages, 0,
			"%s (%d %%) hold compressed pages of zram or zswap: what was swapped out is still in memory, compressed.",
			SIZE_TEXT(ev->zspages_bytes), percent(ev->zspages_bytes, x->budget_total));
}

static void say_balloon(struct explanation *x, const struct oomlog_event *ev)
{
	if (is_much(x, ev->balloon_bytes))
		explain_say(
			x, TOPIC_MEMORY, ev->lines.balloon, 0,
			"The balloon has given %s (%d %%) back to the hypervisor: the machine cannot use it.",
			SIZE_TEXT(ev->balloon_bytes), percent(ev->balloon_bytes, x->budget_total));
}

static void say_stacks(struct explanation *x, const struct oomlog_event *ev)
{
	int64_t bytes = ev->kernel_stack_bytes;

	if (is_known(bytes) && bytes >= 64 * MIB && is_known(x->budget_total) &&
	    bytes > x->budget_total / 50 && ev->page_size == 4096)
		explain_say(x, TOPIC_MEMORY, ev->lines.meminfo, 0,
			    "Kernel stacks take %s: that is some %" PRId64
			    " threads, where each has a stack of 16 KiB (x86-64, arm64).",
			    SIZE_TEXT(bytes), bytes / THREAD_STACK);
}

/* A victim's page tables as its own line tells, else those of its row. */
static int64_t pgtables_of_victim(const struct oomlog_event *ev)
{
	const struct oomlog_victim *v = ev->victims;

	if (!ev->victim_count)
		return ABSENT;
	for (size_t i = 0; i < ev->task_count; i++)
		if (ev->tasks[i].pid == v->pid && is_known(ev->tasks[i].pgtables_bytes))
			return ev->tasks[i].pgtables_bytes;
	return v->pgtables_bytes;
}

static void say_page_tables(struct explanation *x, const struct oomlog_event *ev)
{
	int64_t all = explain_counter(ev, "pagetables"), own = pgtables_of_victim(ev);

	if (!is_much(x, all) || explain_is_memcg(ev))
		return;
	if (is_known(own) && own > all / 2 && own <= all + all / 8)
		explain_say(
			x, TOPIC_MEMORY, ev->lines.meminfo, ev->victims[0].line,
			"Page tables take %s (%d %%); %s of them are those of %s, which its RSS does not show.",
			SIZE_TEXT(all), percent(all, x->budget_total), SIZE_TEXT(own),
			explain_process(x, ev->victims[0].comm, ev->victims[0].pid));
	else
		explain_say(
			x, TOPIC_MEMORY, ev->lines.meminfo, 0,
			"Page tables take %s (%d %%), which no process's RSS shows: many processes map the same memory, or few map a great deal of it.",
			SIZE_TEXT(all), percent(all, x->budget_total));
}

/* Page tables that are larger than the victim's memory, where no counter of the machine is. */
static void say_own_page_tables(struct explanation *x, const struct oomlog_event *ev)
{
	const struct oomlog_victim *v = ev->victims;
	int64_t own = pgtables_of_victim(ev);

	if (!ev->victim_count || is_known(explain_counter(ev, "pagetables")) ||
	    !is_known(v->anon_rss_bytes) || !is_known(own) || own < 64 * MIB)
		return;
	if (own > v->anon_rss_bytes + or_zero(v->file_rss_bytes) + or_zero(v->shmem_rss_bytes))
		explain_say(
			x, TOPIC_MEMORY, v->line, 0,
			"%s had %s of page tables, more than it had resident: they count towards its score and are freed with it.",
			explain_process(x, v->comm, v->pid), SIZE_TEXT(own));
}

static const struct {
	const char *name, *what;
} slab_owners[] = {
	{"kmemleak_object",
	 "kmemleak's own notes about every kernel object (boot with kmemleak=off, or without CONFIG_DEBUG_KMEMLEAK)"},
	{"task_struct", "tasks: there are very many threads or processes"},
	{"vm_area_struct", "mappings of processes"},
	{"filp", "open files"},
	{"skbuff_head_cache", "network packets that wait to be read or sent"},
	{"names_cache", "paths of system calls that are under way"},
	{"biovec-max", "block requests that are under way"},
};

static const char *slab_owner(struct explanation *x, const char *name)
{
	for (size_t i = 0; i < sizeof(slab_owners) / sizeof(slab_owners[0]); i++)
		if (strcmp(name, slab_owners[i].name) == 0)
			return pool_format(&x->pool, ": %s", slab_owners[i].what);
	return "";
}

/*
 * The kernel lists all kinds, but logs are cut and filtered: the largest of those listed is the
 * largest only if what the list lacks of the counter is less. A list that adds up to more than the
 * counter, which counts pages at another moment, is whole.
 */
static void say_slabs(struct explanation *x, const struct oomlog_event *ev)
{
	int64_t all = explain_counter(ev, "slab_unreclaimable"), listed = 0;
	const struct oomlog_slab *most = NULL;

	for (size_t i = 0; i < ev->slab_count; i++) {
		if (!most || ev->slabs[i].total_bytes > most->total_bytes)
			most = &ev->slabs[i];
		if (listed < INT64_C(1) << 60)
			listed += or_zero(ev->slabs[i].total_bytes);
	}
	if (!most || !is_known(most->total_bytes) || !is_known(all))
		return;
	if (most->total_bytes > all - listed)
		explain_say(
			x, TOPIC_MEMORY, ev->lines.slab, ev->lines.meminfo,
			"The largest kind of kernel object that cannot be freed is %s with %s%s.",
			explain_name(x, most->name), SIZE_TEXT(most->total_bytes),
			slab_owner(x, most->name));
	else
		explain_say(
			x, TOPIC_MEMORY, ev->lines.slab, ev->lines.meminfo,
			"The list of kernel objects adds up to %s of the %s that cannot be freed, so the largest in it, %s with %s, need not be the largest kind.",
			SIZE_TEXT(listed), SIZE_TEXT(all), explain_name(x, most->name),
			SIZE_TEXT(most->total_bytes));
}

static void say_allocations(struct explanation *x, const struct oomlog_event *ev)
{
	const struct oomlog_alloc *first = ev->allocs, *second = NULL;

	if (!first || !ev->alloc_count)
		return;
	second = ev->alloc_count > 1 ? first + 1 : NULL;
	if (second && second->bytes > first->bytes / 10)
		explain_say(
			x, TOPIC_MEMORY, ev->lines.allocs, 0,
			"By place in the kernel's code (allocation tagging) %s holds most, %s in %" PRId64
			" allocations; then comes %s with %s.",
			explain_name(x, first->where), SIZE_TEXT(first->bytes), first->calls,
			explain_name(x, second->where), SIZE_TEXT(second->bytes));
	else
		explain_say(
			x, TOPIC_MEMORY, ev->lines.allocs, 0,
			"By place in the kernel's code (allocation tagging) %s holds most, %s in %" PRId64
			" allocations.",
			explain_name(x, first->where), SIZE_TEXT(first->bytes), first->calls);
}

/* What the invoker's call trace has to do with; the first that matches is told. */
static const struct {
	const char *frames[8], *what;
} traces[] = {
	{{"__do_sys_bpf", "__sys_bpf", "bpf_map_*"},
	 "maps of BPF, which take per-CPU memory and vmalloc areas"},
	{{"arc_*", "dbuf_*", "zio_*", "zfs_*", "spl_*", "abd_*", "zpl_*"},
	 "ZFS and its cache (ARC)"},
	{{"ttm_*", "drm_*", "i915_*", "amdgpu_*", "nouveau_*", "nvmap_*", "kgsl_*"},
	 "a graphics driver"},
	{{"secretmem_*"}, "secret memory (memfd_secret)"},
	{{"pcpu_alloc*", "__alloc_percpu*"}, "per-CPU memory"},
	{{"cma_alloc*", "dma_alloc_*"}, "memory of devices (CMA, DMA)"},
	{{"kvm_*"}, "a virtual machine's memory (KVM)"},
	{{"__vmalloc*", "vmalloc*"}, "vmalloc areas"},
};

static const char *suspect_of_trace(const struct oomlog_event *ev)
{
	for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]); i++)
		for (size_t k = 0; k < 8 && traces[i].frames[k]; k++)
			if (explain_traced(ev, traces[i].frames[k]))
				return traces[i].what;
	return NULL;
}

/* What Mem-Info never counts, and what this kernel's does not. */
static const char *open_suspects(struct explanation *x, const struct oomlog_event *ev)
{
	return pool_format(
		&x->pool,
		"%s%s%s%svmalloc, per-CPU memory, drivers (graphics, network, DMA) or a file system's own cache (ZFS)",
		is_known(ev->kernel_stack_bytes) ? "" : "kernel stacks, ",
		is_known(ev->hugepages_bytes) ? "" : "pools of huge pages, ",
		is_known(ev->zspages_bytes) || ev->swap_total_bytes == 0 ? "" : "zram or zswap, ",
		is_known(ev->balloon_bytes) ? "" : "a balloon, ");
}

static void say_rest(struct explanation *x, const struct oomlog_event *ev)
{
	int64_t rest = explain_part(x, explain_rest_name);
	const char *suspect = suspect_of_trace(ev);

	if (!rest || rest <= x->budget_total / 4)
		return;
	explain_say(
		x, TOPIC_MEMORY, ev->lines.meminfo, suspect ? ev->lines.trace : 0,
		"%s (%d %%) is in none of these counters, and the log does not tell whose it is. It leaves open: %s.%s",
		SIZE_TEXT(rest), percent(rest, x->budget_total), open_suspects(x, ev),
		suspect ? pool_format(&x->pool,
				      " The invoker was busy with %s: that is where to look first.",
				      suspect)
			: "");
}

void explain_kernel_memory(struct explanation *x, const struct oomlog_event *ev)
{
	if (!explain_is_memcg(ev)) {
		say_huge_pages(x, ev);
		say_zspages(x, ev);
		say_balloon(x, ev);
		say_stacks(x, ev);
		say_page_tables(x, ev);
	}
	say_own_page_tables(x, ev);
	say_slabs(x, ev);
	say_allocations(x, ev);
	say_rest(x, ev);
}
