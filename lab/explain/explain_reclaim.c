#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain_parts.h"

#define MIB (INT64_C(1) << 20)

static void say_memcg_swap(struct explanation *x, const struct oomlog_event *ev)
{
	uint64_t line = ev->lines.swap_limit;

	if (is_known(ev->swap_limit_bytes) && ev->swap_limit_bytes == 0)
		explain_say(
			x, TOPIC_RECLAIM, line, 0,
			"The cgroup may not swap (memory.swap.max is 0), so anonymous memory and tmpfs cannot be moved out.");
	else if (is_known(ev->swap_limit_bytes) &&
		 or_zero(ev->swap_usage_bytes) >= ev->swap_limit_bytes)
		explain_say(x, TOPIC_RECLAIM, line, 0, "The cgroup's swap is full: %s of %s.",
			    SIZE_TEXT(or_zero(ev->swap_usage_bytes)),
			    SIZE_TEXT(ev->swap_limit_bytes));
	else if (is_known(ev->memsw_limit_bytes) &&
		 or_zero(ev->memsw_usage_bytes) >= ev->memsw_limit_bytes)
		explain_say(
			x, TOPIC_RECLAIM, line, 0,
			"Memory and swap together are at their limit of %s (memory.memsw), so swapping frees nothing.",
			SIZE_TEXT(ev->memsw_limit_bytes));
	else if (is_known(ev->swap_usage_bytes) && ev->swap_usage_bytes == 0)
		explain_say(
			x, TOPIC_RECLAIM, line, 0,
			"Swap is allowed but none is used; whether the machine has any the log does not say.");
}

static void say_dirty(struct explanation *x, const struct oomlog_event *ev)
{
	int64_t dirty = explain_stat(ev, "file_dirty"), writeback, file, locked;

	if (!is_known(dirty))
		dirty = explain_stat(ev, "dirty");
	writeback = explain_stat(ev, "file_writeback");
	if (!is_known(writeback))
		writeback = explain_stat(ev, "writeback");
	file = explain_stat(ev, is_known(explain_stat(ev, "file")) ? "file" : "cache");
	if (is_known(file))
		file -= or_zero(explain_stat(ev, "shmem"));
	locked = explain_stat(ev, "unevictable");
	if (is_known(ev->usage_bytes) && or_zero(dirty) + or_zero(writeback) > ev->usage_bytes / 10)
		explain_say(
			x, TOPIC_RECLAIM, ev->lines.stats, 0,
			"%s of the page cache is dirty and %s is being written: it can go only when the disk has taken it.",
			SIZE_TEXT(or_zero(dirty)), SIZE_TEXT(or_zero(writeback)));
	else if (is_known(file) && is_known(ev->usage_bytes) && file < ev->usage_bytes / 20)
		explain_say(x, TOPIC_RECLAIM, ev->lines.stats, 0,
			    "There is hardly any page cache to drop (%s).", SIZE_TEXT(file));
	if (is_known(locked) && is_known(ev->usage_bytes) && locked > ev->usage_bytes / 10)
		explain_say(x, TOPIC_RECLAIM, ev->lines.stats, 0,
			    "%s is locked in memory (mlock) or otherwise unevictable.",
			    SIZE_TEXT(locked));
}

static void say_machine_swap(struct explanation *x, const struct oomlog_event *ev)
{
	int64_t total = ev->swap_total_bytes, left = ev->swap_free_bytes;

	if (!is_known(total)) {
		if (is_known(left) && left > 64 * MIB)
			explain_say(x, TOPIC_RECLAIM, ev->lines.swap, 0,
				    "Swap is not full: %s of it is free.", SIZE_TEXT(left));
		return;
	}
	if (total == 0)
		explain_say(
			x, TOPIC_RECLAIM, ev->lines.swap, 0,
			"The machine has no swap, so anonymous memory and tmpfs cannot be moved out.");
	else if (is_known(left) && left < total / 50)
		explain_say(x, TOPIC_RECLAIM, ev->lines.swap, 0, "Swap is full: %s of %s left.",
			    SIZE_TEXT(left), SIZE_TEXT(total));
	else if (is_known(left))
		explain_say(x, TOPIC_RECLAIM, ev->lines.swap, 0,
			    "Swap is not full: %s of %s is free.", SIZE_TEXT(left),
			    SIZE_TEXT(total));
}

/* Free page blocks of the contiguous memory allocator (CMA) serve only movable pages. */
static bool may_use_cma(const struct oomlog_event *ev)
{
	return !ev->gfp_mask || !strchr(ev->gfp_mask, '(') || strstr(ev->gfp_mask, "MOVABLE");
}

/* Of the zone's free bytes those of CMA that the request may not use. */
static int64_t cma_bytes(const struct oomlog_event *ev, const struct oomlog_zone *zone)
{
	return may_use_cma(ev) ? 0 : or_zero(zone->free_cma_bytes);
}

/* Free blocks of at least the request's order. */
struct large {
	int64_t blocks, bytes;
};

#define BYTES_MAX (INT64_C(1) << 56)

/* Those that the request may use. */
static struct large count_large(const struct oomlog_event *ev, const struct oomlog_zone *zone)
{
	struct large sum = {0};

	for (size_t i = (size_t)ev->order; i < OOMLOG_ORDERS; i++) {
		int64_t blocks = or_zero(zone->blocks[i]);

		if (!may_use_cma(ev) && zone->only_cma[i])
			continue;
		sum.blocks += blocks;
		/* No machine has more of one order: such a number was written by hand. */
		if (blocks <= BYTES_MAX / (ev->page_size << i))
			sum.bytes += blocks * (ev->page_size << i);
	}
	return sum;
}

/*
 * Movable and HighMem zones serve only requests that say they may live there. By name, else by the
 * bits __GFP_HIGHMEM and __GFP_MOVABLE, the same in all kernels (include/linux/gfp.h).
 */
static bool request_may_use(const struct oomlog_event *ev, const struct oomlog_zone *zone)
{
	bool movable = text_ends_with(zone->name, "Movable");
	unsigned long long bits;

	if (!ev->gfp_mask || (!movable && !text_ends_with(zone->name, "HighMem")))
		return true;
	if (strchr(ev->gfp_mask, '('))
		return strstr(ev->gfp_mask, movable ? "MOVABLE" : "HIGH") != NULL;
	bits = strtoull(ev->gfp_mask, NULL, 16);
	return !bits || ((bits & 2) && (!movable || (bits & 8)));
}

/* Whether number n is in a list like "0-1,3". */
static bool list_has(const char *list, long n)
{
	while (*list) {
		char *end;
		long from = strtol(list, &end, 10), to = from;

		if (end == list)
			return true;
		if (*end == '-')
			to = strtol(end + 1, &end, 10);
		if (n >= from && n <= to)
			return true;
		list = *end == ',' ? end + 1 : "";
	}
	return false;
}

/* The invoker's cpuset allows the node that the zone is on. */
static bool node_is_allowed(const struct oomlog_event *ev, const struct oomlog_zone *zone)
{
	long node;

	if (!ev->mems_allowed || sscanf(zone->name, "Node %ld ", &node) != 1)
		return true;
	return list_has(ev->mems_allowed, node);
}

static bool has_zone(const struct oomlog_event *ev, const char *name)
{
	for (size_t i = 0; i < ev->zone_count; i++)
		if (text_ends_with(ev->zones[i].name, name) && ev->zones[i].managed_bytes != 0)
			return true;
	return false;
}

/* By the name of a flag, or by the bits that all kernels have in common. */
static bool request_says(const struct oomlog_event *ev, const char *name, unsigned long long bit)
{
	if (!ev->gfp_mask)
		return false;
	return strchr(ev->gfp_mask, '(') ? strstr(ev->gfp_mask, name) != NULL
					 : (strtoull(ev->gfp_mask, NULL, 16) & bit) != 0;
}

/* The zone keeps lowmem_reserve from a request that a zone above it could serve. */
static bool higher_zone_serves(const struct oomlog_event *ev, const struct oomlog_zone *zone)
{
	bool low = text_ends_with(zone->name, "DMA") || text_ends_with(zone->name, "DMA32");

	if (!ev->gfp_mask || request_says(ev, "GFP_DMA", 5))
		return false;
	if (low)
		return true;
	return text_ends_with(zone->name, "Normal") && request_says(ev, "HIGH", 2) &&
	       has_zone(ev, "HighMem");
}

/* The free bytes below which the zone does not serve this request. */
static int64_t kept_bytes(const struct oomlog_event *ev, const struct oomlog_zone *z)
{
	bool low = (has_zone(ev, "HighMem") && !request_says(ev, "HIGH", 2)) ||
		   (has_zone(ev, "Movable") && !request_says(ev, "MOVABLE", 8));
	int64_t reserve = low ? z->low_reserve_bytes : z->reserve_bytes;

	return or_zero(z->min_bytes) + (higher_zone_serves(ev, z) ? or_zero(reserve) : 0);
}

static bool is_fragmented(const struct oomlog_event *ev, const struct oomlog_zone *z)
{
	int64_t usable;

	if (!is_known(ev->order) || ev->order <= 0 || !z->buddy_line || !is_known(z->free_bytes) ||
	    !request_may_use(ev, z) || !node_is_allowed(ev, z))
		return false;
	usable = z->free_bytes - cma_bytes(ev, z);
	return usable >= kept_bytes(ev, z) && count_large(ev, z).bytes < usable / 2;
}

bool explain_is_fragmented(const struct oomlog_event *ev)
{
	for (size_t i = 0; i < ev->zone_count; i++)
		if (is_fragmented(ev, &ev->zones[i]))
			return true;
	return false;
}

/* There are zones that the request may use, and none of them has memory left for it. */
static bool low_zones_are_short(const struct oomlog_event *ev)
{
	size_t count = 0;

	for (size_t i = 0; i < ev->zone_count; i++) {
		const struct oomlog_zone *z = &ev->zones[i];

		if (!is_known(z->free_bytes) || z->managed_bytes == 0 || !request_may_use(ev, z))
			continue;
		if (z->free_bytes - cma_bytes(ev, z) >= kept_bytes(ev, z))
			return false;
		count++;
	}
	return count > 0;
}

bool explain_is_short_of_low_memory(const struct oomlog_event *ev)
{
	for (size_t i = 0; low_zones_are_short(ev) && i < ev->zone_count; i++) {
		const struct oomlog_zone *z = &ev->zones[i];

		if (text_ends_with(z->name, "HighMem") && !request_may_use(ev, z) &&
		    z->free_bytes > 16 * MIB)
			return true;
	}
	return false;
}

static void say_unusable(struct explanation *x, const struct oomlog_event *ev,
			 const struct oomlog_zone *z)
{
	if (z->free_bytes > 16 * MIB)
		explain_say(x, TOPIC_RECLAIM, z->line, ev->lines.invoked,
			    "Zone %s has %s free, but takes no request of this kind (%s)%s.",
			    explain_name(x, z->name), SIZE_TEXT(z->free_bytes),
			    explain_name(x, ev->gfp_mask),
			    text_ends_with(z->name, "HighMem") && low_zones_are_short(ev)
				    ? ": low memory ran out, not memory"
				    : "");
}

static void say_fragmentation(struct explanation *x, const struct oomlog_event *ev,
			      const struct oomlog_zone *z)
{
	int64_t blocks;

	if (!z->buddy_line)
		return;
	blocks = count_large(ev, z).blocks;
	if (!is_fragmented(ev, z))
		return;
	explain_say(x, TOPIC_RECLAIM, z->buddy_line, z->line,
		    "Zone %s has %s free, above its minimum of %s, but %s of order %" PRId64
		    " or more%s: free memory is fragmented.",
		    explain_name(x, z->name), SIZE_TEXT(z->free_bytes - cma_bytes(ev, z)),
		    SIZE_TEXT(z->min_bytes),
		    blocks ? pool_format(&x->pool, "only %" PRId64 " block%s", blocks,
					 blocks == 1 ? "" : "s")
			   : "no block",
		    ev->order, blocks ? ", some of them perhaps kept for other uses" : "");
}

static void say_cma(struct explanation *x, const struct oomlog_event *ev,
		    const struct oomlog_zone *z)
{
	int64_t cma = cma_bytes(ev, z);

	if (cma > z->free_bytes / 4)
		explain_say(
			x, TOPIC_RECLAIM, z->line, ev->lines.invoked,
			"Of the %s free in zone %s, %s is CMA, which takes movable pages only; this request (%s) may not use it.",
			SIZE_TEXT(z->free_bytes), explain_name(x, z->name), SIZE_TEXT(cma),
			explain_name(x, ev->gfp_mask));
}

/* Sizes that look the same when rounded are printed in kB. */
static void say_below(struct explanation *x, const struct oomlog_zone *z, int64_t usable)
{
	const char *free = pool_format(&x->pool, "%s", SIZE_TEXT(usable));
	const char *min = pool_format(&x->pool, "%s", SIZE_TEXT(z->min_bytes));

	if (strcmp(free, min) == 0) {
		free = pool_format(&x->pool, "%" PRId64 " kB", usable / 1024);
		min = pool_format(&x->pool, "%" PRId64 " kB", z->min_bytes / 1024);
	}
	explain_say(x, TOPIC_RECLAIM, z->line, 0, "Zone %s has %s free, below its minimum of %s.",
		    explain_name(x, z->name), free, min);
}

static void say_reserve(struct explanation *x, const struct oomlog_zone *z, int64_t usable)
{
	if (usable > 16 * MIB)
		explain_say(
			x, TOPIC_RECLAIM, z->line, 0,
			"Zone %s has %s free, but keeps it from requests that a higher zone could serve (lowmem_reserve).",
			explain_name(x, z->name), SIZE_TEXT(usable));
}

static void say_highatomic(struct explanation *x, const struct oomlog_zone *z, int64_t usable)
{
	explain_say(
		x, TOPIC_RECLAIM, z->line, 0,
		"Zone %s has %s free, but keeps %s of it for requests that cannot wait (reserved_highatomic); the rest is below its minimum of %s.",
		explain_name(x, z->name), SIZE_TEXT(usable), SIZE_TEXT(z->highatomic_bytes),
		SIZE_TEXT(z->min_bytes));
}

static void say_zone(struct explanation *x, const struct oomlog_event *ev,
		     const struct oomlog_zone *z)
{
	int64_t usable;

	if (!is_known(z->free_bytes) || !is_known(z->min_bytes) || z->min_bytes == 0)
		return;
	/* A zone without memory: HighMem on a machine that has none. */
	if (z->managed_bytes == 0)
		return;
	usable = z->free_bytes - cma_bytes(ev, z);
	if (!node_is_allowed(ev, z)) {
		if (usable > 64 * MIB)
			explain_say(
				x, TOPIC_RECLAIM, z->line, ev->lines.invoked,
				"Zone %s has %s free, but the invoker may use memory of node%s %s only (mems_allowed).",
				explain_name(x, z->name), SIZE_TEXT(usable),
				strpbrk(ev->mems_allowed, ",-") ? "s" : "",
				explain_name(x, ev->mems_allowed));
		return;
	}
	if (!request_may_use(ev, z)) {
		say_unusable(x, ev, z);
		return;
	}
	say_cma(x, ev, z);
	if (usable < z->min_bytes)
		say_below(x, z, usable);
	else if (usable - or_zero(z->highatomic_bytes) < z->min_bytes)
		say_highatomic(x, z, usable);
	else if (usable < kept_bytes(ev, z))
		say_reserve(x, z, usable);
	else if (is_known(ev->order) && ev->order > 0)
		say_fragmentation(x, ev, z);
	else if (is_known(z->high_bytes) && usable > 2 * z->high_bytes && usable > 256 * MIB)
		explain_say(
			x, TOPIC_RECLAIM, z->line, 0,
			"Zone %s still has %s free, far above its high watermark of %s; why this request could not have it the log does not say.",
			explain_name(x, z->name), SIZE_TEXT(usable), SIZE_TEXT(z->high_bytes));
}

/* The free bytes of a zone above all that keeps them from this request; 0 or less: none. */
static int64_t spare_bytes(const struct oomlog_event *ev, const struct oomlog_zone *z)
{
	if (!is_known(z->free_bytes) || !is_known(z->min_bytes) || z->managed_bytes == 0 ||
	    !node_is_allowed(ev, z) || !request_may_use(ev, z))
		return 0;
	return z->free_bytes - cma_bytes(ev, z) - or_zero(z->highatomic_bytes) - kept_bytes(ev, z);
}

/* No watermark explains the failure: it was not what the report shows. */
static void say_above(struct explanation *x, const struct oomlog_event *ev)
{
	const struct oomlog_zone *most = NULL;

	for (size_t i = 0; i < ev->zone_count; i++)
		if (spare_bytes(ev, &ev->zones[i]) > 0 &&
		    (!most || spare_bytes(ev, &ev->zones[i]) > spare_bytes(ev, most)))
			most = &ev->zones[i];
	if (!most || ev->order != 0)
		return;
	explain_say(
		x, TOPIC_RECLAIM, most->line, 0,
		"Zone %s has %s free, above its minimum of %s: %s.", explain_name(x, most->name),
		SIZE_TEXT(most->free_bytes), SIZE_TEXT(most->min_bytes),
		explain_is_kswapd(ev)
			? "no watermark was the cause"
			: "by this report the request could be served, so memory came free after the decision, or the kernel gave up since reclaim made no progress");
}

static void say_locked(struct explanation *x, const struct oomlog_event *ev)
{
	int64_t locked = explain_counter(ev, "unevictable");

	if (is_known(locked) && is_known(ev->ram_bytes) && locked > ev->ram_bytes / 10)
		explain_say(
			x, TOPIC_RECLAIM, ev->lines.meminfo, 0,
			"%s is locked in memory (mlock) or otherwise unevictable%s.",
			SIZE_TEXT(locked),
			explain_counter(ev, "shmem") > ev->ram_bytes / 10
				? "; shared memory may be part of it, locked (SHM_LOCK) or held by a graphics driver"
				: "");
}

void explain_reclaim(struct explanation *x, const struct oomlog_event *ev)
{
	if (explain_is_memcg(ev)) {
		say_memcg_swap(x, ev);
		say_dirty(x, ev);
	} else if (!ev->by_hand) {
		say_machine_swap(x, ev);
		size_t before = x->sentence_count;

		for (size_t i = 0; i < ev->zone_count; i++)
			say_zone(x, ev, &ev->zones[i]);
		if (x->sentence_count == before)
			say_above(x, ev);
		say_locked(x, ev);
	}
}
