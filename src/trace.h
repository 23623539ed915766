/*
 * trace.h - appends what arenas do to a ring of shared memory made by the launcher.
 *
 * arena.c calls this; a program that uses arenas need not. Without the launcher there is no ring
 * and every call costs one branch. Not here: making or reading a ring (the lab does both).
 *
 * Pattern of use:
 *  1. trace_attach() maps the ring named by OOMLAB_TRACE_FD. It runs by itself before main() and in
 *     each arena_init(); a missing, short or foreign ring turns tracing off and is no error.
 *  2. trace_arena_add() enters an arena in the ring's table.
 *  3. if (trace_on()) trace_append(...) adds a record; the entry is kept current in place.
 *
 * Any number of threads and forked processes may write. Nothing here allocates or blocks; a system
 * call is made only by trace_attach() and where a thread takes its first block. A forked child
 * starts a block of its own and enters its copies of the arenas anew. Nothing read from the ring is
 * trusted: whatever another process scribbles there, this one does not crash, except that ring
 * memory cut off with ftruncate raises SIGBUS; the launcher seals the size against that.
 *
 * LIMITATIONS: not for signal handlers that interrupt a call here. A child made by vfork() or by a
 * bare clone() runs no fork handlers and tears records it shares with its parent; they are counted
 * as lost. A thread stopped in the middle of a record while the others fill the whole ring may lose
 * that one record uncounted; one killed while it takes over a block, that block.
 */
#ifndef OOMLAB_TRACE_H
#define OOMLAB_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_format.h"

/* What this process knows of its ring; changed by trace_attach(), trace_detach() and forks only. */
struct trace_state {
	struct trace_header *header; /* NULL: tracing is off */
	uint32_t
		generation; /* grows when a ring is attached and in each forked child: an arena that
			       remembers another number is unknown to this ring or this process */
};
extern struct trace_state trace_state;

/* Whether there is a ring to write to. */
static inline bool trace_on(void)
{
	return __builtin_expect(trace_state.header != NULL, 0);
}

/* Maps the ring once, if there is one; later calls do nothing. Thread safe. */
void trace_attach(void);

/* Unmaps the ring; trace_attach() may be called again. pre: no other thread ever traced. */
void trace_detach(void);

/* What trace_arena_add() enters. Copied; the caller keeps it. Sizes in bytes. */
struct trace_arena_entry {
	const char *name; /* cut to TRACE_NAME_MAX - 1 bytes; NULL: "" */
	enum arena_policy policy;
	enum arena_source source;
	uint16_t parent;  /* id of the arena this is a copy of, or 0 */
	const void *base; /* NULL: refused */
	size_t requested;
	size_t reserved;
	int error; /* errno of the refusal, or 0 */
	uintptr_t init_site;
};

/* Enters an arena. Returns its id, or 0 when there is no ring or the table is full. */
uint16_t trace_arena_add(const struct trace_arena_entry *entry) __attribute__((nonnull));

/* The entry of an id from trace_arena_add(), for writing only; NULL for id 0 or without a ring. */
struct trace_arena *trace_arena_figures(uint16_t id);

/*
 * Appends one record; its fields are those of struct trace_record. Returns its time in ticks, or 0
 * without a ring.
 */
uint64_t trace_append(enum trace_op op, uint16_t arena, int error, uint64_t offset, uint64_t size,
		      uintptr_t site);

#endif
