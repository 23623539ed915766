/*
 * trace_ring.h - oomlab's side of the trace ring (src/trace_format.h): makes it, reads it live or
 * from a file (a trace_log), and sums it up for each arena.
 *
 * Not here: writing records (src/trace.c does), naming addresses (symbols), JSON.
 *
 * Pattern of use:
 *  1. trace_ring_create() before the target starts, in the launcher, so that the ring's pages are
 *     charged to the launcher.
 *  2. In the child between fork and exec: trace_ring_hand_over(), and TRACE_FD_ENV=<fd> in its
 *     environment.
 *  3. At any time: trace_ring_read() for a snapshot; at the end trace_ring_dump() into trace.bin.
 *  4. trace_log_summary(), or the events themselves; trace_log_release(); trace_ring_free().
 *  Later, from disk: trace_log_load().
 *
 * Units: bytes; ns of CLOCK_MONOTONIC; addresses are those of the process that wrote them.
 * Addresses called `site` are return addresses: look up the line of address - 1.
 *
 * The contents of a ring were written by the program under test and are hostile: every field is
 * checked, what does not fit is dropped and counted, and no input makes these functions crash, loop
 * or allocate more than a small multiple of the input. Names are valid UTF-8 without control
 * characters. Not thread safe; allocates; only trace_ring_hand_over() may be called after fork.
 *
 * LIMITATIONS: a program can forge a trace that reads well. Times are as good as the clock
 * (src/trace_clock.h), and those of small allocations as src/trace_format.h says. A ring can only
 * be read on the kind of machine that wrote it.
 */
#ifndef OOMLAB_TRACE_TRACE_RING_H
#define OOMLAB_TRACE_TRACE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "src/trace_format.h"
#include "trace/trace_sites.h"

#define TRACE_RING_NAME		 "oomlab-trace" /* of its memfd, see memfd_create(2) */
#define TRACE_RING_DEFAULT_BYTES ((size_t)4 << 20)
#define TRACE_RING_MIN_BYTES	 ((size_t)32 << 10)
#define TRACE_RING_MAX_BYTES	 ((size_t)1 << 30)
#define TRACE_FOLLOW_MIN	 ((size_t)1 << 12)
#define TRACE_FOLLOW_MAX	 ((size_t)1 << 22)

/* A ring this process made; opaque. */
struct trace_ring;

struct record_arena; /* record/record.h */

/* One record of the ring. */
struct trace_event {
	/*
	 * CLOCK_MONOTONIC; 0 when the clock is not sound. An allocation of less than
	 * TRACE_TIMED_BYTES may have happened later, but before the thread's next timed record.
	 */
	int64_t t_ns;
	uint64_t ticks; /* as written; orders events also when the clock is not sound */
	uint32_t pid, tid;
	uint16_t arena; /* id; 0: none. May name an arena that is not in the log */
	enum trace_op op;
	int error;	       /* errno with TRACE_REFUSED, else 0 */
	uint64_t offset, size; /* bytes; enum trace_op says of what */
	uint64_t site;	       /* return address; 0: none */
};

/* One arena as the ring's table has it; all sizes are bytes. See struct trace_arena. */
struct trace_log_arena {
	uint16_t id;	 /* 1.. */
	uint16_t parent; /* id of the arena it is a copy of since a fork; 0: none */
	uint32_t pid;
	char name[TRACE_NAME_MAX];
	enum arena_policy policy; /* UNSET: not a known value */
	enum arena_source source; /* UNSET: not a known value */
	int error;		  /* errno of the last refusal; 0: none */
	uint64_t base;		  /* address; 0: refused */
	uint64_t requested;
	uint64_t reserved, committed, used, touched, peak;
	uint64_t cleared, clear_target; /* eager clearing: done so far, and in all */
	uint64_t init_site, clear_site;
	bool is_released;
	int64_t t_first_ns, t_last_ns; /* when it was made; when its entry changed last */
};

/* What a ring held at one moment. trace_log_release() frees its arrays. */
struct trace_log {
	struct trace_event *events; /* by time; those of one thread in the order written */
	size_t event_count;
	struct trace_log_arena *arenas; /* by id */
	size_t arena_count;
	uint64_t lost; /* records that were overwritten, torn or invalid */
	uint64_t torn; /* those of `lost` that are still in the ring but do not fit */
	/* The program wrote over these. Records that they held or counted are not in `lost`. */
	uint64_t blocks_damaged;
	bool is_header_damaged;
	uint64_t arenas_lost;	  /* arenas that found the table full, or whose entry is invalid */
	bool is_clock_sound;	  /* false: no usable calibration, all t_ns are 0 */
	struct trace_sites asked; /* what the preload library counted; empty without it */
	bool is_cut; /* the file is shorter than its header says; `lost` has not what is cut off */
};

/* What became of one arena: its figures, and where in the log the evidence is. */
struct trace_summary {
	const struct trace_log_arena *arena; /* lives as long as the log */
	/* Bytes. After its release they are as just before. */
	uint64_t reserved, committed, touched, used, peak;
	uint64_t cleared, clear_target; /* eager clearing: done, and in all; 0: none was begun */
	bool is_clear_unfinished;	/* cleared < clear_target */
	bool is_refused; /* arena_init() itself was refused; refused_errno says why */
	bool is_released;
	int refused_errno;	/* of the last refusal, in arena_init() or later; 0: none */
	uint64_t refused_bytes; /* of that refusal; 0: none, or lost */
	uint64_t alloc_count;	/* TRACE_ALLOC records still in the log */
	/* Evidence: first and last index into log->events; first > last: none is left. */
	size_t first_event, last_event;
	int64_t t_first_ns, t_last_ns;
};

/*
 * Makes a ring of about `size_bytes` (clamped to MIN..MAX): a sealed memfd, every page of it
 * written by the caller. Its descriptor is close-on-exec. Returns NULL with err on failure.
 */
struct trace_ring *trace_ring_create(size_t size_bytes, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Makes a ring that also has tables for the preload library. The library can follow about `follow`
 * (clamped to TRACE_FOLLOW_MIN..MAX) small allocations at a time; each takes 16 bytes.
 */
struct trace_ring *trace_ring_create_counting(size_t size_bytes, size_t follow, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* Closes and unmaps the ring. NULL is allowed. Targets that have it mapped keep it. */
void trace_ring_free(struct trace_ring *ring);
static inline void trace_ring_freep(struct trace_ring **ring)
{
	trace_ring_free(*ring);
}

/* The descriptor, for TRACE_FD_ENV; owned by the ring. */
int trace_ring_fd(const struct trace_ring *ring) __attribute__((nonnull));

/*
 * Makes the descriptor survive exec. Async-signal-safe; call it in the child, between fork and
 * exec. Returns 0 or -errno.
 */
int trace_ring_hand_over(const struct trace_ring *ring) __attribute__((nonnull));

/* Reads what the ring holds now, while others write, into *log. Returns 0, or -1 with err. */
int trace_ring_read(const struct trace_ring *ring, struct trace_log *log, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Writes the used part of the ring to `fd`, from its current position: a smaller ring in the same
 * format. A ring of two records makes a file of some 5 KiB. Returns 0, or -1 with err; part of it
 * may have been written then.
 */
int trace_ring_dump(const struct trace_ring *ring, int fd, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Reads a ring or dump of `len` bytes at `buf` (any alignment, not changed, not kept) into *log.
 * One that is cut short is read as far as it goes. Returns 0, or -1 with err when it has no header,
 * or that of another format or version.
 */
int trace_log_parse(const void *buf, size_t len, struct trace_log *log, struct err *err)
	__attribute__((nonnull, warn_unused_result));

/* trace_log_parse() of a file; it waits for no pipe and reads no more than a ring can be. */
int trace_log_load(const char *path, struct trace_log *log, struct err *err)
	__attribute__((nonnull, warn_unused_result));

void trace_log_release(struct trace_log *log) __attribute__((nonnull));

/*
 * Sums up the log for each arena, in the order of log->arenas. Returns an array of
 * log->arena_count, which the caller frees with free(); it points into the log. Pure.
 */
struct trace_summary *trace_log_summary(const struct trace_log *log) __attribute__((nonnull));

/* Writes the summary as a line of a record; its strings stay the log's. */
void trace_summary_to_record(const struct trace_summary *summary, struct record_arena *arena)
	__attribute__((nonnull));

/* The name of an operation ("alloc"); "unknown" if it is out of range. */
const char *trace_op_name(enum trace_op op);

#endif
