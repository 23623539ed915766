/*
 * address_ranges.h - the mappings of one process by address, as they are told of; pure.
 *
 * Internal to lab/profile: address_space.h knows who asked for them. Bounded: beyond RANGES_MAX
 * nothing is kept; beyond a quarter of it neighbours of one mapping are one range.
 */
#ifndef OOMLAB_PROFILE_ADDRESS_RANGES_H
#define OOMLAB_PROFILE_ADDRESS_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RANGES_MAX = 4096 };

struct address_range {
	uint64_t start, end;
	int mapping;   /* address_space.h */
	uint64_t from; /* where what was mapped together begins */
	bool is_none;  /* PROT_NONE */
};

/* By address, not overlapping. Zero-initialise; the owner frees items. */
struct address_ranges {
	struct address_range *items;
	size_t count;
};

/* Index of the first range that ends behind the address; count: none does. */
size_t address_ranges_at(const struct address_ranges *r, uint64_t address);
void address_ranges_insert(struct address_ranges *r, size_t at, struct address_range range);
/* Takes [start, end) out of what is known. */
void address_ranges_cut(struct address_ranges *r, uint64_t start, uint64_t end);
/* [start, end) was mapped by one call. */
void address_ranges_put(struct address_ranges *r, uint64_t start, uint64_t end, int mapping);
/* Makes ranges that touch [start, end) one where nothing tells them apart. */
void address_ranges_merge(struct address_ranges *r, uint64_t start, uint64_t end);
/* Guards, and what is not to be used yet: is_none of [start, end). */
void address_ranges_protect(struct address_ranges *r, uint64_t start, uint64_t end, bool is_none);
/* The next part of [*start, end) that is in no mapping, [*start, *stop); false: there is none. */
bool address_ranges_next_gap(const struct address_ranges *r, uint64_t *start, uint64_t end,
			     uint64_t *stop);

/* Neighbours that were mapped by one call. */
bool address_ranges_are_together(const struct address_range *low, const struct address_range *high);
/* Whether what lies below the range of that index is the bottom of its call's mapping: a guard. */
bool address_ranges_has_guard(const struct address_ranges *r, size_t at);

#endif
