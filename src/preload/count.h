/*
 * count.h - what the preload library counts: bytes taken and given back, by line of code.
 *
 * Pattern of use, around the real function:
 *	count_take(p, size, site, what)		after it gave p
 *	count_give(p)				before p is given back
 *	count_refused(size, site, what, error)	after it gave nothing
 * and the same for address space by start and length.
 *
 * Figures are exact at every moment but for calls under way; at the kill, one a thread. Large ones
 * also get a record each, which a small ring may lose. Thread safe, fork safe, and a signal handler
 * may interrupt any of it. Never allocates, never waits, keeps errno. One process's figures never
 * change another's: what a child of a fork inherited stays with its parent.
 */
#ifndef OOMLAB_PRELOAD_COUNT_H
#define OOMLAB_PRELOAD_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_format.h"

/* Finds the ring by TRACE_FD_ENV. False: there is none, and nothing below may be called. */
bool count_attach(void);

void count_take(const void *p, size_t size, uintptr_t site, enum trace_taken what);
void count_give(const void *p);

/* `error` is its errno: one that is not ENOMEM refuses no memory, and is not counted. */
void count_refused(size_t size, uintptr_t site, enum trace_taken what, int error);

/* What count_give() forgot, for a realloc() that fails after all. */
struct count_given {
	const void *p;
	uint64_t key; /* of its site; 0: it was not known */
	size_t size;
};
struct count_given count_give_for_now(const void *p);
void count_take_back(const struct count_given *given);

/* Address space: mmap(), brk(). */
void count_map(uintptr_t start, size_t bytes, uintptr_t site, enum trace_taken what);
void count_unmap(uintptr_t start, size_t bytes);

#endif
