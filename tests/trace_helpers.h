/*
 * trace_helpers.h - rings, arenas that write to them and checks, for the tests of the trace. Not
 * for anything else: static functions that assert.
 */
#ifndef OOMLAB_TESTS_TRACE_HELPERS_H
#define OOMLAB_TESTS_TRACE_HELPERS_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "src/arena.h"
#include "src/trace.h"
#include "trace/trace_ring.h"

#define KIB	   ((size_t)1 << 10)
#define MIB	   ((size_t)1 << 20)
#define SMALL_RING (32 * KIB) /* 6 blocks, 42 arenas */

static __attribute__((unused)) struct err err;

static inline void set_ring_fd(int fd)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", fd);
	setenv(TRACE_FD_ENV, text, 1);
	trace_detach();
	trace_attach();
}

/* A ring this process writes to. */
static inline struct trace_ring *attached_ring(size_t bytes)
{
	struct trace_ring *ring = trace_ring_create(bytes, &err);

	ck_assert_ptr_nonnull(ring);
	set_ring_fd(trace_ring_fd(ring));
	ck_assert(trace_on());
	return ring;
}

static inline struct trace_log read_ring(const struct trace_ring *ring)
{
	struct trace_log log;

	ck_assert_int_eq(trace_ring_read(ring, &log, &err), 0);
	return log;
}

static inline void drop(struct trace_ring *ring, struct trace_log *log)
{
	trace_log_release(log);
	trace_detach();
	trace_ring_free(ring);
}

static __attribute__((unused)) unsigned char pool[64 * 1024];

static inline void init_over_pool(struct arena *arena, const char *name)
{
	ck_assert_int_eq(arena_init(arena, &(struct arena_config){.name = name,
								  .size = sizeof(pool),
								  .policy = ARENA_CLEAR_NEVER,
								  .backing = pool}),
			 0);
}

/* Exactly n records: pushes of one byte, rewound where the arena is full. */
static inline void push_records(struct arena *arena, int n)
{
	for (int i = 0; i < n; i++)
		if (i % 2)
			arena_reset(arena);
		else
			ck_assert_ptr_nonnull(arena_push(arena, 8, 8));
}

static inline size_t count_op(const struct trace_log *log, enum trace_op op)
{
	size_t count = 0;

	for (size_t i = 0; i < log->event_count; i++)
		count += log->events[i].op == op;
	return count;
}

static inline void assert_in_order(const struct trace_log *log)
{
	for (size_t i = 1; i < log->event_count; i++) {
		ck_assert_uint_le(log->events[i - 1].ticks, log->events[i].ticks);
		ck_assert_int_le(log->events[i - 1].t_ns, log->events[i].t_ns);
	}
}

static __attribute__((noinline, unused)) void one_life(void)
{
	struct arena arena;
	size_t mark;
	void *p;

	ck_assert_int_eq(arena_init(&arena, &(struct arena_config){.name = "one life",
								   .size = MIB,
								   .source = ARENA_SOURCE_RESERVE,
								   .commit_step = 64 * KIB}),
			 0);
	p = arena_push(&arena, 1000, 16);
	mark = arena_mark(&arena);
	ck_assert_ptr_nonnull(arena_push(&arena, 100 * KIB, 4096));
	ck_assert_int_eq(arena_touch(&arena, p, 1000), 0);
	ck_assert_ptr_null(arena_push(&arena, 2 * MIB, 1));
	ck_assert_int_eq(arena_rewind(&arena, mark), 0);
	ck_assert_int_eq(arena_decommit(&arena), 0);
	arena_reset(&arena);
	arena_destroy(&arena);
}

/* Whatever was in the buffer, what comes out keeps its promises. */
static inline void assert_sane(const struct trace_log *log)
{
	_cleanup_free_ struct trace_summary *summary = trace_log_summary(log);

	for (size_t i = 0; i < log->event_count; i++) {
		ck_assert(log->events[i].op > TRACE_NONE && log->events[i].op < TRACE_OP_COUNT);
		ck_assert(log->events[i].t_ns >= 0);
	}
	for (size_t i = 0; i < log->arena_count; i++) {
		const struct trace_log_arena *a = &log->arenas[i];

		ck_assert(a->used <= a->committed && a->touched <= a->committed);
		ck_assert(a->committed <= a->reserved && a->reserved <= INT64_MAX);
		ck_assert(a->used <= a->peak && a->peak <= a->reserved);
		ck_assert(a->cleared <= a->clear_target);
		ck_assert(strlen(a->name) < TRACE_NAME_MAX);
		ck_assert(summary[i].first_event == SIZE_MAX ||
			  summary[i].last_event < log->event_count);
	}
	ck_assert(log->lost >= log->torn && log->lost <= INT64_MAX);
}

#endif
