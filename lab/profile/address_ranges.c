#include "profile/address_ranges.h"

#include <string.h>

#include "base/strbuf.h"

enum { RANGES_MANY = RANGES_MAX / 4 };

size_t address_ranges_at(const struct address_ranges *r, uint64_t address)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->items[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void address_ranges_insert(struct address_ranges *r, size_t at, struct address_range range)
{
	if (r->count == RANGES_MAX || range.start >= range.end)
		return;
	if (!(r->count & (r->count - 1)))
		r->items = xrealloc(r->items, r->count ? r->count * 2 : 1, sizeof(*r->items));
	memmove(&r->items[at + 1], &r->items[at], (r->count - at) * sizeof(*r->items));
	r->items[at] = range;
	r->count++;
}

static void erase(struct address_ranges *r, size_t at)
{
	r->count--;
	memmove(&r->items[at], &r->items[at + 1], (r->count - at) * sizeof(*r->items));
}

static struct address_range part_of(const struct address_range *range, uint64_t start, uint64_t end)
{
	struct address_range part = *range;

	part.start = start;
	part.end = end;
	return part;
}

void address_ranges_cut(struct address_ranges *r, uint64_t start, uint64_t end)
{
	size_t i = address_ranges_at(r, start);

	while (i < r->count && r->items[i].start < end) {
		struct address_range old = r->items[i];

		erase(r, i);
		if (old.start < start)
			address_ranges_insert(r, i++, part_of(&old, old.start, start));
		if (old.end > end)
			address_ranges_insert(r, i++, part_of(&old, end, old.end));
	}
}

void address_ranges_put(struct address_ranges *r, uint64_t start, uint64_t end, int mapping)
{
	address_ranges_cut(r, start, end);
	address_ranges_insert(r, address_ranges_at(r, start),
			      (struct address_range){start, end, mapping, start, 0});
}

bool address_ranges_are_together(const struct address_range *low, const struct address_range *high)
{
	return low->end == high->start && low->from == high->from && low->mapping == high->mapping;
}

bool address_ranges_has_guard(const struct address_ranges *r, size_t at)
{
	const struct address_range *range = &r->items[at], *below = range - 1;

	return at && !range->is_none && below->is_none && below->start == below->from &&
	       address_ranges_are_together(below, range);
}

/*
 * Where ranges are many, different calls' ranges of one mapping are merged too, but not with a
 * stack.
 */
static bool can_be_one(const struct address_ranges *r, size_t at)
{
	const struct address_range *low = &r->items[at], *high = low + 1;

	if (low->end != high->start || low->mapping != high->mapping ||
	    low->is_none != high->is_none)
		return false;
	return low->from == high->from ||
	       (r->count > RANGES_MANY && !low->is_none && !address_ranges_has_guard(r, at) &&
		!address_ranges_has_guard(r, at + 1));
}

void address_ranges_merge(struct address_ranges *r, uint64_t start, uint64_t end)
{
	size_t at = address_ranges_at(r, start ? start - 1 : 0);

	while (at + 1 < r->count && r->items[at].start <= end) {
		if (can_be_one(r, at)) {
			r->items[at].end = r->items[at + 1].end;
			erase(r, at + 1);
		} else {
			at++;
		}
	}
}

static void split(struct address_ranges *r, uint64_t address)
{
	size_t at = address_ranges_at(r, address);
	struct address_range *range = at < r->count ? &r->items[at] : NULL;
	struct address_range above;

	if (!range || range->start >= address)
		return;
	above = part_of(range, address, range->end);
	range->end = address;
	address_ranges_insert(r, at + 1, above);
}

void address_ranges_protect(struct address_ranges *r, uint64_t start, uint64_t end, bool is_none)
{
	if (r->count + 2 > RANGES_MAX)
		return;
	split(r, start);
	split(r, end);
	for (size_t i = address_ranges_at(r, start); i < r->count && r->items[i].start < end; i++)
		r->items[i].is_none = is_none;
	address_ranges_merge(r, start, end);
}

bool address_ranges_next_gap(const struct address_ranges *r, uint64_t *start, uint64_t end,
			     uint64_t *stop)
{
	for (size_t at = address_ranges_at(r, *start); *start < end; at++) {
		bool is_last = at == r->count || r->items[at].start >= end;

		*stop = is_last ? end : r->items[at].start;
		if (*stop > *start)
			return true;
		*start = r->items[at].end;
	}
	return false;
}
