/*
 * check_trace.c - the writing end of the trace ring: what arenas write is what the lab reads, with
 * threads, forks, kills and lapping in between. Rings nobody should trust: check_trace_attach.c.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/trace_clock.h"
#include "suite.h"
#include "trace_helpers.h"

START_TEST(tells_the_life_of_an_arena)
{
	static const enum trace_op expected[] = {
		TRACE_ATTACH, TRACE_RESERVE,  TRACE_COMMIT, TRACE_ALLOC,
		TRACE_COMMIT, TRACE_ALLOC,    TRACE_TOUCH,  TRACE_REFUSED,
		TRACE_REWIND, TRACE_DECOMMIT, TRACE_RESET,  TRACE_RELEASE,
	};
	struct trace_ring *ring = attached_ring(SMALL_RING);
	struct trace_log log;
	const int64_t before = (int64_t)trace_clock_ns();

	one_life();
	log = read_ring(ring);
	ck_assert_uint_eq(log.event_count, ARRAY_SIZE(expected));
	ck_assert(log.is_clock_sound && !log.is_cut);
	ck_assert_uint_eq(log.lost, 0);
	assert_in_order(&log);
	for (size_t i = 0; i < log.event_count; i++) {
		ck_assert_str_eq(trace_op_name(log.events[i].op), trace_op_name(expected[i]));
		ck_assert_uint_eq(log.events[i].pid, (uint32_t)getpid());
		ck_assert_uint_eq(log.events[i].tid, (uint32_t)gettid());
		if (i == 0)
			continue;
		ck_assert_uint_eq(log.events[i].arena, 1);
		ck_assert_uint_ge(log.events[i].site, (uintptr_t)one_life);
		ck_assert_uint_lt(log.events[i].site, (uintptr_t)one_life + 4096);
		/* the first event may be as old as the ring; interpolation errs by little */
		ck_assert_int_ge(log.events[i].t_ns, before - 2000000);
		ck_assert_int_le(log.events[i].t_ns, (int64_t)trace_clock_ns() + 2000000);
	}
	ck_assert_uint_eq(log.events[5].offset, 4096);
	ck_assert_uint_eq(log.events[5].size, 100 * KIB);
	ck_assert_int_eq(log.events[7].error, ENOMEM);
	drop(ring, &log);
}
END_TEST

/* The clock is read for every eighth record of a block, and for all but small allocations. */
START_TEST(small_allocations_carry_the_last_reading)
{
	struct trace_ring *ring = attached_ring(SMALL_RING);
	struct trace_log log;
	struct arena arena;

	init_over_pool(&arena, "timed"); /* records 0 and 1: attach, reserve */
	for (int i = 2; i < 20; i++)
		ck_assert_ptr_nonnull(arena_push(&arena, i == 13 ? TRACE_TIMED_BYTES : 8, 1));
	log = read_ring(ring);
	ck_assert_uint_eq(log.event_count, 20);
	for (size_t i = 1; i < log.event_count; i++) {
		if (i == 1 || i == 8 || i == 13 || i == 16)
			ck_assert_uint_gt(log.events[i].ticks, log.events[i - 1].ticks);
		else
			ck_assert_uint_eq(log.events[i].ticks, log.events[i - 1].ticks);
		ck_assert(i < 3 || log.events[i].offset > log.events[i - 1].offset);
	}
	drop(ring, &log);
}
END_TEST

START_TEST(summary_has_the_figures)
{
	struct trace_ring *ring = attached_ring(SMALL_RING);
	_cleanup_free_ struct trace_summary *summary = NULL;
	struct trace_log log;

	one_life();
	log = read_ring(ring);
	summary = trace_log_summary(&log);
	ck_assert_uint_eq(log.arena_count, 1);
	ck_assert_str_eq(summary->arena->name, "one life");
	ck_assert_int_eq(summary->arena->policy, ARENA_CLEAR_ON_ALLOCATION);
	ck_assert_int_eq(summary->arena->source, ARENA_SOURCE_RESERVE);
	ck_assert_uint_eq(summary->arena->pid, (uint32_t)getpid());
	ck_assert_uint_eq(summary->reserved, MIB);
	ck_assert_uint_eq(summary->committed, 4096);
	ck_assert_uint_eq(summary->used, 0);
	ck_assert_uint_eq(summary->peak, 4096 + 100 * KIB);
	ck_assert_uint_eq(summary->touched, 1000);
	ck_assert_uint_eq(summary->alloc_count, 2);
	ck_assert_uint_eq(summary->refused_bytes, 2 * MIB);
	ck_assert_int_eq(summary->refused_errno, ENOMEM);
	ck_assert(!summary->is_refused && summary->is_released && !summary->is_clear_unfinished);
	ck_assert_uint_eq(summary->first_event, 1);
	ck_assert_uint_eq(summary->last_event, log.event_count - 1);
	drop(ring, &log);
}
END_TEST

START_TEST(lapping_keeps_the_newest_and_counts_the_rest)
{
	const int written = 5000 + _i;
	struct trace_ring *ring = attached_ring(SMALL_RING);
	struct arena arena;
	struct trace_log log;

	init_over_pool(&arena, "lapped");
	push_records(&arena, written);
	log = read_ring(ring);
	ck_assert_uint_eq(log.torn, 0);
	ck_assert_uint_eq(log.event_count + log.lost, (size_t)written + 2); /* attach, reserve */
	ck_assert_uint_gt(log.event_count, 5 * TRACE_BLOCK_RECORDS);
	ck_assert_int_eq(log.events[log.event_count - 1].op,
			 written % 2 ? TRACE_ALLOC : TRACE_RESET);
	ck_assert_uint_eq(count_op(&log, TRACE_RESERVE), 0);
	ck_assert_str_eq(log.arenas[0].name, "lapped");
	ck_assert_uint_eq(log.arenas[0].reserved, sizeof(pool));
	assert_in_order(&log);
	drop(ring, &log);
}
END_TEST

static void *thread_writes(void *count)
{
	struct arena arena;

	init_over_pool(&arena, "of a thread");
	push_records(&arena, *(int *)count);
	return NULL;
}

/* Threads that write count records each, all at once; until the last one has ended. */
static void write_side_by_side(size_t threads, int count)
{
	pthread_t ids[4];

	ck_assert_uint_le(threads, ARRAY_SIZE(ids));
	for (size_t i = 0; i < threads; i++)
		ck_assert_int_eq(pthread_create(&ids[i], NULL, thread_writes, &count), 0);
	for (size_t i = 0; i < threads; i++)
		ck_assert_int_eq(pthread_join(ids[i], NULL), 0);
}

START_TEST(threads_write_side_by_side)
{
	const size_t threads = 4;
	const int count = 10000;
	struct trace_ring *ring = attached_ring(4 * MIB);
	struct trace_log log;

	write_side_by_side(threads, count);
	log = read_ring(ring);
	ck_assert_uint_eq(log.lost, 0);
	ck_assert_uint_eq(log.event_count, 1 + threads * (size_t)(count + 1));
	ck_assert_uint_eq(log.arena_count, threads);
	assert_in_order(&log);
	for (size_t id = 1; id <= threads; id++) {
		enum trace_op next = TRACE_ALLOC;

		for (size_t i = 0; i < log.event_count; i++) {
			const struct trace_event *e = &log.events[i];

			if (e->arena != id || e->op == TRACE_RESERVE)
				continue;
			ck_assert_int_eq(e->op, next);
			next = next == TRACE_ALLOC ? TRACE_RESET : TRACE_ALLOC;
		}
	}
	drop(ring, &log);
}
END_TEST

START_TEST(lapping_threads_lose_nothing_uncounted)
{
	const int count = 50000;
	struct trace_ring *ring = attached_ring(128 * KIB);
	struct trace_log log;

	write_side_by_side(2, count);
	log = read_ring(ring);
	/* A thread stopped between its last look and its count may lose one uncounted. */
	ck_assert_int_le(llabs((long long)(log.event_count + log.lost) - (1 + 2 * (count + 1))),
			 20);
	drop(ring, &log);
}
END_TEST

static void wait_for(pid_t pid, int *status)
{
	ck_assert_int_eq(waitpid(pid, status, 0), pid);
}

START_TEST(forked_child_has_entries_of_its_own)
{
	struct trace_ring *ring = attached_ring(256 * KIB);
	struct arena arena;
	struct trace_log log;
	int status;
	pid_t pid;

	init_over_pool(&arena, "inherited");
	push_records(&arena, 11);
	pid = fork();
	if (pid == 0) {
		push_records(&arena, 101);
		ck_assert_ptr_nonnull(arena_push(&arena, 500, 1));
		_exit(0);
	}
	wait_for(pid, &status);
	push_records(&arena, 10);
	log = read_ring(ring);
	ck_assert_uint_eq(log.torn, 0);
	ck_assert_uint_eq(log.arena_count, 2);
	ck_assert_uint_eq(log.arenas[0].pid, (uint32_t)getpid());
	ck_assert_uint_eq(log.arenas[1].pid, (uint32_t)pid);
	ck_assert_uint_eq(log.arenas[1].parent, 1);
	ck_assert_str_eq(log.arenas[1].name, "inherited");
	ck_assert_uint_eq(log.arenas[0].used, 0);
	ck_assert_uint_eq(log.arenas[1].used, 508);
	ck_assert_uint_eq(count_op(&log, TRACE_ATTACH), 2);
	ck_assert_uint_eq(log.event_count, 2 + 1 + 11 + 101 + 1 + 10);
	for (size_t i = 0; i < log.event_count; i++)
		if (log.events[i].arena)
			ck_assert_uint_eq(log.events[i].pid,
					  log.arenas[log.events[i].arena - 1].pid);
	drop(ring, &log);
}
END_TEST

static __attribute__((noreturn)) void write_for_ever(void)
{
	struct arena arena;

	init_over_pool(&arena, "until killed");
	for (;;)
		push_records(&arena, 2);
}

START_TEST(survives_the_killing_of_writers)
{
	struct trace_ring *ring = attached_ring(_i ? SMALL_RING : 4 * MIB);
	struct trace_log log;
	pid_t pids[2];
	int status;

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			write_for_ever();
	}
	do { /* reading while they write */
		log = read_ring(ring);
		assert_in_order(&log);
		ck_assert_uint_le(log.arena_count, 2);
		status = log.event_count < 500 || log.arena_count < 2;
		trace_log_release(&log);
	} while (status);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		kill(pids[i], SIGKILL);
		wait_for(pids[i], &status);
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	log = read_ring(ring);
	ck_assert_uint_eq(log.arena_count, 2);
	ck_assert_uint_le(log.torn, 2);
	ck_assert_uint_gt(log.event_count, 300);
	drop(ring, &log);
}
END_TEST

/* Clears 40 MiB eagerly of which the last 20 are not writable: dies in the second step. */
static __attribute__((noreturn)) void die_while_clearing(void)
{
	unsigned char *buffer =
		mmap(NULL, 40 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct arena arena;

	signal(SIGSEGV, SIG_DFL);
	mprotect(buffer + 20 * MIB, 20 * MIB, PROT_NONE);
	if (arena_init(&arena, &(struct arena_config){.name = "eager",
						      .size = 40 * MIB,
						      .policy = ARENA_CLEAR_EAGERLY,
						      .backing = buffer}) == 0)
		_exit(0);
	_exit(1);
}

START_TEST(unfinished_clearing_shows_how_far_it_got)
{
	struct trace_ring *ring = attached_ring(SMALL_RING);
	_cleanup_free_ struct trace_summary *summary = NULL;
	struct trace_log log;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		die_while_clearing();
	wait_for(pid, &status);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	log = read_ring(ring);
	summary = trace_log_summary(&log);
	ck_assert_uint_eq(log.arena_count, 1);
	ck_assert(summary->is_clear_unfinished && !summary->is_released);
	ck_assert_uint_eq(summary->clear_target, 40 * MIB);
	ck_assert_uint_eq(summary->cleared, 16 * MIB);
	ck_assert_uint_eq(summary->touched, 16 * MIB);
	ck_assert_uint_ne(summary->arena->clear_site, 0);
	ck_assert_uint_eq(count_op(&log, TRACE_CLEAR_BEGIN), 1);
	ck_assert_uint_eq(count_op(&log, TRACE_CLEAR_PROGRESS), 1);
	ck_assert_uint_eq(count_op(&log, TRACE_CLEAR_END), 0);
	drop(ring, &log);
}
END_TEST

START_TEST(finished_clearing_is_complete)
{
	struct trace_ring *ring = attached_ring(SMALL_RING);
	_cleanup_free_ struct trace_summary *summary = NULL;
	struct trace_log log;
	struct arena arena;

	ck_assert_int_eq(arena_init(&arena, &(struct arena_config){.size = 100,
								   .policy = ARENA_CLEAR_EAGERLY}),
			 0);
	log = read_ring(ring);
	summary = trace_log_summary(&log);
	ck_assert_str_eq(summary->arena->name, "arena");
	ck_assert_uint_eq(summary->cleared, 100);
	ck_assert_uint_eq(summary->clear_target, 100);
	ck_assert(!summary->is_clear_unfinished);
	ck_assert_uint_eq(count_op(&log, TRACE_CLEAR_END), 1);
	arena_destroy(&arena);
	drop(ring, &log);
}
END_TEST

START_TEST(refused_arena_is_in_the_table)
{
	struct trace_ring *ring = attached_ring(SMALL_RING);
	_cleanup_free_ struct trace_summary *summary = NULL;
	struct trace_log log;
	struct arena arena;

	ck_assert_int_eq(arena_init(&arena, &(struct arena_config){.name = "too large",
								   .size = (size_t)1 << 60,
								   .source = ARENA_SOURCE_RESERVE}),
			 -ENOMEM);
	log = read_ring(ring);
	summary = trace_log_summary(&log);
	ck_assert_uint_eq(log.arena_count, 1);
	ck_assert(summary->is_refused);
	ck_assert_int_eq(summary->refused_errno, ENOMEM);
	ck_assert_uint_eq(summary->refused_bytes, (size_t)1 << 60);
	ck_assert_uint_eq(summary->arena->requested, (size_t)1 << 60);
	ck_assert_uint_eq(summary->reserved, 0);
	drop(ring, &log);
}
END_TEST

START_TEST(full_table_is_counted)
{
	struct trace_ring *ring = attached_ring(SMALL_RING);
	struct trace_log log;
	struct arena arena;

	for (int i = 0; i < 50; i++) {
		init_over_pool(&arena,
			       "one of many with a name that is much too long for the table");
		push_records(&arena, 1);
	}
	log = read_ring(ring);
	ck_assert_uint_eq(log.arena_count, 42);
	ck_assert_uint_eq(log.arenas_lost, 8);
	ck_assert_uint_eq(strlen(log.arenas[41].name), TRACE_NAME_MAX - 1);
	ck_assert_uint_eq(count_op(&log, TRACE_ALLOC), 50);
	ck_assert_uint_eq(log.events[log.event_count - 1].arena, 0);
	drop(ring, &log);
}
END_TEST

static TCase *writing(void)
{
	TCase *tc = tcase_create("writing");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, tells_the_life_of_an_arena);
	tcase_add_test(tc, small_allocations_carry_the_last_reading);
	tcase_add_test(tc, summary_has_the_figures);
	tcase_add_loop_test(tc, lapping_keeps_the_newest_and_counts_the_rest, 0, 4);
	tcase_add_test(tc, threads_write_side_by_side);
	tcase_add_test(tc, lapping_threads_lose_nothing_uncounted);
	tcase_add_test(tc, forked_child_has_entries_of_its_own);
	tcase_add_loop_test(tc, survives_the_killing_of_writers, 0, 2);
	tcase_add_test(tc, unfinished_clearing_shows_how_far_it_got);
	tcase_add_test(tc, finished_clearing_is_complete);
	tcase_add_test(tc, refused_arena_is_in_the_table);
	tcase_add_test(tc, full_table_is_counted);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {writing()};

	return suite_run("trace", cases, ARRAY_SIZE(cases));
}
