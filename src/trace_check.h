/*
 * trace_check.h - the check word of a trace record, as the writer makes and the reader verifies it.
 *
 * It ties the fields of a record to each other and to the claim of its block, so that a record half
 * overwritten, or left over from an earlier lap, is told from a whole one. It is no protection
 * against a program that forges its own trace. Pure.
 */
#ifndef OOMLAB_TRACE_CHECK_H
#define OOMLAB_TRACE_CHECK_H

#include "trace_format.h"

/* What a claim contributes to the check of each record in its block. */
static inline uint64_t trace_check_seed(uint64_t claim, uint32_t pid, uint32_t tid)
{
	uint64_t x = claim * UINT64_C(0x9e3779b97f4a7c15) + ((uint64_t)pid << 32 | tid);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static inline uint64_t trace_check_rotate(uint64_t x, unsigned int by)
{
	return x << by | x >> (64 - by);
}

/* The check word of r, whose check field is not looked at. */
static inline uint32_t trace_check(const struct trace_record *r, uint64_t seed)
{
	uint64_t x = seed ^ r->time ^ trace_check_rotate(r->offset, 17) ^
		     trace_check_rotate(r->size, 31) ^ trace_check_rotate(r->site, 47) ^
		     trace_check_rotate(r->what, 7);

	x *= UINT64_C(0xff51afd7ed558ccd);
	return (uint32_t)(x >> 32);
}

#endif
