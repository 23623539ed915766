/*
 * address_ranges.h - the mapped ranges of one process, by address; pure.
 *
 * Internal to lab/profile: address_space.h knows who requested them. A range is [start, end), in
 * bytes. Bounded: beyond RANGES_MAX ranges nothing is kept; beyond a quarter of that, neighbours of
 * one mapping are merged.
 */
#ifndef OOMLAB_PROFILE_ADDRESS_RANGES_H
#define OOMLAB_PROFILE_ADDRESS_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RANGES_MAX = 4096 };

struct address_range {
	uint64_t start, end;
	int mapping;   /* an id of address_space.h */
	uint64_t from; /* where the mapping of the call that made it begins */
	bool is_none;  /* PROT_NONE */
};

/* Sorted by address, not overlapping. Zero-initialise; the owner frees items. */
struct address_ranges {
	struct address_range *items;
	size_t count;
};

/* Index of the first range that ends behind the address; count: none does. */
size_t address_ranges_at(const struct address_ranges *r, uint64_t address);
/* pre: it overlaps none, and `at` keeps the order. An empty range is ignored. */
void address_ranges_insert(struct address_ranges *r, size_t at, struct address_range range);
/* Removes [start, end) from all ranges. */
void address_ranges_cut(struct address_ranges *r, uint64_t start, uint64_t end);
/* Replaces [start, end) by one new range. */
void address_ranges_put(struct address_ranges *r, uint64_t start, uint64_t end, int mapping);
/* Merges neighbours among the ranges that touch [start, end), where nothing tells them apart. */
void address_ranges_merge(struct address_ranges *r, uint64_t start, uint64_t end);
/* Sets is_none in [start, end): a guard, or memory that is reserved and not committed. */
void address_ranges_protect(struct address_ranges *r, uint64_t start, uint64_t end, bool is_none);
/* The next part of [*start, end) that is in no mapping, [*start, *stop); false: there is none. */
bool address_ranges_next_gap(const struct address_ranges *r, uint64_t *start, uint64_t end,
			     uint64_t *stop);

/* Whether two neighbours were mapped by one call. */
bool address_ranges_are_together(const struct address_range *low, const struct address_range *high);
/*
 * Whether below the range of that index lies a guard: PROT_NONE, the bottom of the same call's
 * mapping.
 */
bool address_ranges_has_guard(const struct address_ranges *r, size_t at);

#endif
