/*
 * arena.h - a bump allocator that says when it touches memory, over memory it takes or is given.
 *
 * Not here: freeing single blocks, growing past the size given at the start, knowledge of cgroups.
 *
 * Pattern of use:
 *  1. struct arena arena; arena_init(&arena, &(struct arena_config){ .size = ..., ... }).
 *  2. arena_push() hands out memory; arena_mark() and arena_rewind() give back everything since;
 *     arena_reset() gives back all of it. None of these returns pages to the kernel.
 *  3. arena_decommit() does. 4. arena_destroy().
 *
 * Words: *reserved* is address space held (VSZ); *committed* may be read and written; *touched* was
 * written, so that its pages are charged (RSS); *used* is handed out. Units: bytes everywhere.
 * Invariant: used <= committed <= reserved, touched <= committed, used <= peak <= reserved.
 *
 * What is in memory handed out, by policy:
 *   on allocation   zeroes, always. Memory the kernel has just mapped and nobody was handed before
 *                   (source RESERVE, since the reservation or the last decommit) is zero already
 *                   and is not written: it gets touched by its user. All other is cleared.
 *   eagerly         zeroes where it was never handed out; what its last user left where it was, as
 *                   arena_init() clears once and for all. This is the mistake the lab is about.
 *   never           whatever was there.
 *
 * Threads: an arena belongs to one thread at a time; different arenas are independent. Forks: the
 * child has a copy and both may go on; a caller's shared buffer stays shared. Signals: not from
 * handlers. Allocation: malloc() once, in arena_init() with source MALLOC; never afterwards. After
 * a memory limit is reached any touch of a new page may block or end the process; arena_push()
 * touches only what it clears.
 *
 * LIMITATIONS: nothing is initialised beyond zeroing, nothing is checked against overruns.
 * `touched` counts what the arena wrote itself, not what its users write. Addresses recorded in the
 * trace are return addresses: a caller that ends in a tail call (return arena_push(...)) is not
 * seen; compile it with -fno-optimize-sibling-calls.
 */
#ifndef OOMLAB_ARENA_H
#define OOMLAB_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "trace_format.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialise, set what differs. Only `size` has no default. Copied by arena_init(). */
struct arena_config {
	const char *name; /* for traces, cut to 39 bytes; NULL: "arena" */
	size_t size;	  /* bytes, 1..PTRDIFF_MAX; with source RESERVE rounded up to pages */
	enum arena_policy policy; /* unset: on allocation */
	enum arena_source source; /* unset: BACKING if `backing` is set, else MALLOC */
	void *backing;	    /* the caller's, `size` bytes, any alignment; outlives the arena */
	size_t commit_step; /* source RESERVE: bytes committed at a time, rounded up to pages;
			       0: 1 MiB */
};

/* Read through the functions below; all zero is an arena of size 0 that refuses everything. */
struct arena {
	unsigned char *base; /* first byte; NULL: none. Owned unless the source is BACKING */
	size_t reserved;
	size_t committed;
	size_t used;
	size_t peak;	    /* highest used since arena_init() */
	size_t touched;	    /* bytes written by the arena: cleared, or arena_touch()ed */
	size_t touched_end; /* touched lies below this offset */
	size_t dirty_end;   /* below this offset memory may hold something else than zeroes */
	size_t commit_step;
	enum arena_policy policy;
	enum arena_source source;
	char name[TRACE_NAME_MAX];
	uint16_t trace_id;	     /* in the ring's table; 0: not there */
	uint32_t trace_generation;   /* of the process that entered it */
	struct trace_arena *figures; /* the entry in the table; NULL: none */
	uintptr_t init_site;
};

/* A snapshot, in bytes; the invariant is at the top of this file. */
struct arena_stats {
	size_t reserved, committed, used, touched, peak;
};

/*
 * Makes an arena. Returns 0; -EINVAL: size 0 or too large, policy or source out of range, BACKING
 * without `backing` or `backing` with another source; -ENOMEM: the memory was refused, by malloc(),
 * the address space limit or the commit limit. On failure nothing is held and *arena is all zero.
 * Policy EAGERLY writes all of it here and may therefore not return. arena_destroy() undoes it.
 */
int arena_init(struct arena *arena, const struct arena_config *config)
	__attribute__((nonnull, warn_unused_result));

/* Gives back all that the arena holds and zeroes *arena. A caller's buffer is left alone. */
void arena_destroy(struct arena *arena) __attribute__((nonnull));

/*
 * Hands out `bytes` whose address is a multiple of `align` (a power of two; 1 is allowed). Returns
 * NULL with errno EINVAL (align), or ENOMEM: does not fit, or the kernel refused to commit more.
 * The arena is as before then, except that some of it may have been committed. bytes may be 0: the
 * address is then not to be read or written. The caller gives nothing back.
 */
void *arena_push(struct arena *arena, size_t bytes, size_t align)
	__attribute__((nonnull, warn_unused_result));

/*
 * Writes one byte of each page of [ptr, ptr + bytes), leaving its value, so that all its pages are
 * charged. Returns 0, or -EINVAL when the range is not within memory handed out and not given back.
 * `touched` grows by the part above everything touched before.
 */
int arena_touch(struct arena *arena, void *ptr, size_t bytes) __attribute__((nonnull));

/* A mark to rewind to: the bytes used now. */
size_t arena_mark(const struct arena *arena) __attribute__((nonnull, pure));

/* Takes back all that was handed out since the mark. Returns 0, or -EINVAL: more than is used. */
int arena_rewind(struct arena *arena, size_t mark) __attribute__((nonnull));

/* Takes back all that was handed out. */
void arena_reset(struct arena *arena) __attribute__((nonnull));

/*
 * Returns to the kernel every whole page above the bytes used. With source RESERVE they are no
 * longer committed and will read as zeroes; with the others they stay accessible with unspecified
 * contents. Returns 0, or -errno of os_mem_decommit() / os_mem_discard().
 */
int arena_decommit(struct arena *arena) __attribute__((nonnull));

struct arena_stats arena_stats(const struct arena *arena) __attribute__((nonnull, pure));

#ifdef __cplusplus
}
#endif

#endif
