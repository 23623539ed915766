/*
 * Address space that is held. A range prefers the places after the hash of its start, so that what
 * is given up as it was taken is found at once; anything else is looked for everywhere.
 */
#include "preload/tables_map.h"

#define PROBES 32

static struct trace_range *newest_extended;

static uint32_t mask(void)
{
	return tables.geometry.range_capacity - 1;
}

static uint32_t first_place(uintptr_t start)
{
	return (uint32_t)((start >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 40);
}

/* Makes the range this thread's to change; false: it is not in that state. */
static bool take(struct trace_range *r, uint64_t from)
{
	return __atomic_load_n(&r->state, __ATOMIC_RELAXED) == from &&
	       __atomic_compare_exchange_n(&r->state, &from, TRACE_RANGE_BUSY, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static void put(struct trace_range *r, uint64_t state)
{
	__atomic_store_n(&r->state, state, __ATOMIC_RELEASE);
}

static bool is_own(const struct trace_range *r)
{
	return TRACE_SITE_PROCESS(r->key) == tables_self();
}

/* What a process that has ended held is free again. */
static bool take_free(struct trace_range *r)
{
	if (take(r, TRACE_RANGE_EMPTY))
		return true;
	if (__atomic_load_n(&r->state, __ATOMIC_RELAXED) != TRACE_RANGE_LIVE ||
	    !tables_is_over(TRACE_SITE_PROCESS(r->key)))
		return false;
	return take(r, TRACE_RANGE_LIVE);
}

bool range_add(uintptr_t start, size_t bytes, uint64_t key)
{
	const uint32_t at = first_place(start);

	for (uint32_t i = 0; i < PROBES; i++) {
		struct trace_range *r = &tables.ranges[(at + i) & mask()];

		if (!take_free(r))
			continue;
		r->key = key;
		r->start = start;
		r->bytes = bytes;
		put(r, TRACE_RANGE_LIVE);
		__atomic_store_n(&newest_extended, r, __ATOMIC_RELAXED);
		return true;
	}
	return false;
}

bool range_extend(uintptr_t start, size_t bytes, uint64_t key)
{
	struct trace_range *r = __atomic_load_n(&newest_extended, __ATOMIC_RELAXED);
	bool fits;

	if (!r || !take(r, TRACE_RANGE_LIVE))
		return false;
	fits = r->key == key && r->start + r->bytes == start;
	if (fits)
		r->bytes += bytes;
	put(r, TRACE_RANGE_LIVE);
	return fits;
}

size_t range_remove(uintptr_t start, uint64_t *key)
{
	const uint32_t at = first_place(start);

	for (uint32_t i = 0; i < PROBES; i++) {
		struct trace_range *r = &tables.ranges[(at + i) & mask()];
		size_t bytes;

		if (r->start != start || !take(r, TRACE_RANGE_LIVE))
			continue;
		if (r->start != start || !is_own(r) ||
		    TRACE_SITE_TAKEN(r->key) != TRACE_TAKEN_MALLOC) {
			put(r, TRACE_RANGE_LIVE);
			continue;
		}
		*key = r->key;
		bytes = r->bytes;
		put(r, TRACE_RANGE_EMPTY);
		return bytes;
	}
	return 0;
}

static bool overlaps(const struct trace_range *r, uintptr_t start, uintptr_t end)
{
	return r->start < end && r->start + r->bytes > start && is_own(r) &&
	       TRACE_SITE_TAKEN(r->key) != TRACE_TAKEN_MALLOC;
}

/* pre: r is taken, and overlaps. */
static void cut_one(struct trace_range *r, uintptr_t start, uintptr_t end, range_cut_fn *cut)
{
	const uint64_t key = r->key;
	const uintptr_t r_start = r->start, r_end = r->start + r->bytes;
	const uintptr_t from = r_start > start ? r_start : start;
	const uintptr_t to = r_end < end ? r_end : end;
	const bool has_head = r_start < from, has_tail = to < r_end;

	if (has_head)
		r->bytes = from - r_start;
	else if (has_tail)
		r->start = to, r->bytes = r_end - to;
	put(r, has_head || has_tail ? TRACE_RANGE_LIVE : TRACE_RANGE_EMPTY);
	if (has_head && has_tail && !range_add(to, r_end - to, key))
		cut(key, r_end - from, false);
	else
		cut(key, to - from, !has_head && !has_tail);
}

static bool cut_exact(uintptr_t start, uintptr_t end, range_cut_fn *cut)
{
	const uint32_t at = first_place(start);

	for (uint32_t i = 0; i < PROBES; i++) {
		struct trace_range *r = &tables.ranges[(at + i) & mask()];

		if (r->start != start || r->bytes != end - start || !take(r, TRACE_RANGE_LIVE))
			continue;
		if (r->start == start && r->bytes == end - start && overlaps(r, start, end)) {
			cut_one(r, start, end, cut);
			return true;
		}
		put(r, TRACE_RANGE_LIVE);
	}
	return false;
}

void range_cut(uintptr_t start, size_t bytes, range_cut_fn *cut)
{
	const uintptr_t end = start + bytes;

	if (end < start || cut_exact(start, end, cut))
		return;
	for (uint32_t i = 0; i <= mask(); i++) {
		struct trace_range *r = &tables.ranges[i];

		if (!overlaps(r, start, end) || !take(r, TRACE_RANGE_LIVE))
			continue;
		if (overlaps(r, start, end))
			cut_one(r, start, end, cut);
		else
			put(r, TRACE_RANGE_LIVE);
	}
}
