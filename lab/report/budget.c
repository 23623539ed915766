#include "report/budget.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/vm_files.h"

const char *const budget_keys[BUDGET_PART_COUNT] = {
	[BUDGET_ANON] = "anon",
	[BUDGET_FILE] = "file",
	[BUDGET_SHMEM] = "shmem",
	[BUDGET_PAGETABLES] = "pagetables",
	[BUDGET_KERNEL_STACK] = "kernel_stack",
	[BUDGET_SLAB] = "slab",
	[BUDGET_PERCPU] = "percpu",
	[BUDGET_VMALLOC] = "vmalloc",
	[BUDGET_KERNEL_OTHER] = "kernel_other",
	[BUDGET_SOCK] = "sock",
	[BUDGET_NOT_ITEMISED] = "not_itemised",
};

/* The statistics that are itemised, in bytes or ABSENT. */
struct amounts {
	int64_t anon, file, shmem, pagetables, kernel_stack, slab, percpu, vmalloc, kernel, sock;
};

static void add(struct budget *b, enum budget_part part, const char *label, int64_t bytes)
{
	if (is_known(bytes) && bytes != 0 && b->count < BUDGET_MAX)
		b->items[b->count++] =
			(struct budget_item){.part = part, .label = label, .bytes = bytes};
}

static int larger_first(const void *a, const void *b)
{
	int64_t x = ((const struct budget_item *)a)->bytes;
	int64_t y = ((const struct budget_item *)b)->bytes;

	return (x < y) - (x > y);
}

static void add_kernel(struct budget *b, const struct amounts *a)
{
	int64_t parts = or_zero(a->pagetables) + or_zero(a->kernel_stack) + or_zero(a->slab) +
			or_zero(a->percpu) + or_zero(a->vmalloc);

	size_t first = b->count;

	add(b, BUDGET_PAGETABLES, "page tables", a->pagetables);
	add(b, BUDGET_KERNEL_STACK, "stacks", a->kernel_stack);
	add(b, BUDGET_SLAB, "slab", a->slab);
	add(b, BUDGET_PERCPU, "per-CPU", a->percpu);
	add(b, BUDGET_VMALLOC, "vmalloc", a->vmalloc);
	if (is_known(a->kernel) && a->kernel > parts)
		add(b, BUDGET_KERNEL_OTHER, "other kernel", a->kernel - parts);
	for (; first < b->count; first++)
		b->items[first].is_kernel = true;
}

static void itemise(struct budget *b, const struct amounts *a, int64_t total, int64_t limit)
{
	int64_t sum = 0, shmem = or_zero(a->shmem);

	b->total = total;
	b->limit = limit;
	b->unused = is_known(limit) && limit >= total ? limit - total : ABSENT;
	add(b, BUDGET_ANON, "anonymous (heap, stack)", a->anon);
	add(b, BUDGET_FILE, "file cache", is_known(a->file) ? a->file - shmem : ABSENT);
	add(b, BUDGET_SHMEM, "shared memory, tmpfs", a->shmem);
	add_kernel(b, a);
	add(b, BUDGET_SOCK, "socket buffers", a->sock);
	qsort(b->items, b->count, sizeof(*b->items), larger_first);
	for (size_t i = 0; i < b->count; i++)
		sum += b->items[i].bytes;
	add(b, BUDGET_NOT_ITEMISED, b->sample ? "not itemised (counters lag)" : "not itemised",
	    total - sum);
}

static bool has_any(const struct amounts *a)
{
	return is_known(a->anon) || is_known(a->file) || is_known(a->kernel);
}

static int64_t stat_named(const struct oomlog_event *e, const char *v2, const char *v1)
{
	for (size_t i = 0; i < e->stat_count; i++)
		if (!strcmp(e->stats[i].name, v2) && e->stats[i].value >= 0 &&
		    e->stats[i].value < INT64_C(1) << 60)
			return e->stats[i].value;
	return v1 ? stat_named(e, v1, NULL) : ABSENT;
}

static struct amounts amounts_of_event(const struct oomlog_event *e)
{
	return (struct amounts){
		.anon = stat_named(e, "anon", "total_rss"),
		.file = stat_named(e, "file", "total_cache"),
		.shmem = is_known(stat_named(e, "anon", NULL))
				 ? stat_named(e, "shmem", NULL)
				 : stat_named(e, "total_shmem", "shmem"),
		.pagetables = stat_named(e, "pagetables", NULL),
		.kernel_stack = stat_named(e, "kernel_stack", NULL),
		.slab = stat_named(e, "slab", NULL),
		.percpu = stat_named(e, "percpu", NULL),
		.vmalloc = stat_named(e, "vmalloc", NULL),
		.kernel = is_known(e->kmem_usage_bytes) ? e->kmem_usage_bytes
							: stat_named(e, "kernel", NULL),
		.sock = stat_named(e, "sock", NULL),
	};
}

static bool budget_from_event(const struct facts *f, struct budget *b)
{
	const struct oomlog_event *e = &f->kill->event;
	struct amounts amounts = amounts_of_event(e);

	if (!has_any(&amounts) || !is_known(e->usage_bytes) || e->usage_bytes < 0 ||
	    e->usage_bytes > INT64_C(1) << 60)
		return false;
	itemise(b, &amounts, e->usage_bytes, f->limit_bytes);
	b->kmsg = f->limit_line ? f->limit_line : f->kill_line;
	return true;
}

void budget_from_sample(const struct facts *f, const struct record_sample *sample, struct budget *b)
{
	const int64_t *v = sample->value;
	struct amounts amounts = {
		.anon = v[METRIC_ANON],
		.file = v[METRIC_FILE],
		.shmem = v[METRIC_SHMEM],
		.pagetables = v[METRIC_PAGETABLES],
		.kernel_stack = v[METRIC_KERNEL_STACK],
		.slab = v[METRIC_SLAB],
		.percpu = v[METRIC_PERCPU],
		.vmalloc = v[METRIC_VMALLOC],
		.kernel = v[METRIC_KERNEL],
		.sock = v[METRIC_SOCK],
	};

	if (!has_any(&amounts) || !is_known(v[METRIC_CURRENT]))
		return;
	b->sample = sample;
	b->sample_number = record_sample_number(f->record, sample);
	itemise(b, &amounts, v[METRIC_CURRENT],
		f->limit && f->limit->level ? ABSENT : f->limit_bytes);
	vm_files_name(f, b);
}

void budget_at_kill(const struct facts *f, struct budget *b)
{
	const struct record_sample *sample;

	if (f->kill && budget_from_event(f, b)) {
		vm_files_name(f, b);
		return;
	}
	if (is_known(f->kill_ns))
		sample = record_sample_before(f->record, f->kill_ns, METRIC_CURRENT);
	else
		record_max(f->record, METRIC_CURRENT, &sample);
	if (sample)
		budget_from_sample(f, sample, b);
}

bool budget_is_telling(const struct facts *f, const struct budget *b)
{
	const struct budget_item *last = b->count ? &b->items[b->count - 1] : NULL;
	int64_t rest = last && last->part == BUDGET_NOT_ITEMISED ? last->bytes : 0;
	bool is_counted = b == &f->at_peak && is_known(f->peak) && !f->is_peak_sampled;

	return b->count && rest <= b->total / 2 && (!is_counted || b->total >= f->peak / 2);
}
