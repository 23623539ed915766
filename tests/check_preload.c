/*
 * check_preload.c - the preload library in real programs: what it counts is exact, in bytes,
 * whatever threads, forks, signals and kills do.
 */
#include <check.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "preload_helpers.h"
#include "suite.h"

START_TEST(counts_are_exact)
{
	struct tally t = run("exact", TRACE_TAKEN_MALLOC);

	ASSERT_TALLY(t, 101, 51, 100 * 24 + 300 * KIB, 50 * 24);
	ck_assert_uint_eq(t.peak, 100 * 24 + 300 * KIB);
	ck_assert_uint_eq(t.not_followed, 0);
}
END_TEST

START_TEST(whole_family_is_counted)
{
	struct tally t = run("family", TRACE_TAKEN_MALLOC);
	const uint64_t asked = 1000 + 210 + 64 + 128 + 256 + 512 + (uint64_t)sysconf(_SC_PAGESIZE) +
			       99;

	ASSERT_TALLY(t, 8, 0, asked, asked);
}
END_TEST

START_TEST(realloc_moves_what_is_live)
{
	struct tally t = run("changes", TRACE_TAKEN_MALLOC);

	ASSERT_TALLY(t, 5, 4, 10 + 1000 + 200000 + 20 + 50, 20);
	ck_assert_uint_eq(t.refused, 2);
	ck_assert_uint_eq(t.refused_most, TRACE_SITES_MAX_BYTES);
}
END_TEST

START_TEST(foreign_pointers_are_passed_on)
{
	struct tally t = run("foreign", TRACE_TAKEN_MALLOC);

	ASSERT_TALLY(t, 1, 0, 100, 100);
	ck_assert_uint_ge(t.unknown, 2);
}
END_TEST

START_TEST(four_threads_lose_nothing)
{
	struct tally t = run("threads", TRACE_TAKEN_MALLOC);
	uint64_t asked = 0, live = 0;

	for (size_t i = 0; i < 100000; i++) {
		asked += 4 * (16 + i % 512);
		live += i % 100 ? 0 : 4 * (16 + i % 512);
	}
	ASSERT_TALLY(t, 400000, 400000 - 4000, asked, live);
	ck_assert_uint_eq(t.not_followed, 0);
}
END_TEST

START_TEST(another_thread_may_free)
{
	struct tally t = run("handed_over", TRACE_TAKEN_MALLOC);

	ASSERT_TALLY(t, 1000, 1000, 100000, 0);
	ck_assert_uint_eq(t.peak, 100000);
}
END_TEST

START_TEST(fork_child_has_figures_of_its_own)
{
	struct trace_log log = log_of("forked", MIB, 1 << 12, 0);
	struct tally parent = tally_of(&log, 1, TRACE_TAKEN_MALLOC);
	struct tally child = tally_of(&log, 2, TRACE_TAKEN_MALLOC);

	ck_assert_uint_eq(log.asked.process_count, 2);
	ck_assert_uint_eq(log.asked.processes[1].parent, 1);
	ck_assert_uint_ne(log.asked.processes[1].pid, log.asked.processes[0].pid);
	ck_assert_int_eq(log.asked.processes[1].state, TRACE_PROCESS_EXITED);
	ASSERT_TALLY(parent, 10, 0, 10000, 10000);
	ASSERT_TALLY(child, 5, 1, 1500, 1200);
	ck_assert_uint_eq(child.unknown, 10);
	trace_log_release(&log);
}
END_TEST

START_TEST(vfork_child_ends_alone)
{
	struct trace_log log = log_of("vforked", MIB, 1 << 12, SIGKILL);

	ck_assert_uint_eq(log.asked.process_count, 1);
	ck_assert_int_eq(log.asked.processes[0].state, TRACE_PROCESS_LIVE);
	ck_assert_uint_eq(tally_of(&log, 1, TRACE_TAKEN_MALLOC).live, 100);
	trace_log_release(&log);
}
END_TEST

/* Their entries are of use again: 200 children leave 1000 each in a table of 65536. */
START_TEST(what_ended_makes_room)
{
	struct trace_log log = log_of("many_leaks", MIB, 1 << 16, 0);
	struct tally t = tally_of(&log, 0, TRACE_TAKEN_MALLOC);

	ASSERT_TALLY(t, 200000, 0, 200000 * 16, 200000 * 16);
	ck_assert_uint_eq(t.not_followed, 0);
	trace_log_release(&log);
}
END_TEST

START_TEST(fork_while_another_thread_allocates)
{
	struct trace_log log = log_of("forked_among_threads", MIB, 1 << 12, 0);

	ck_assert_uint_eq(log.asked.process_count, 101);
	for (uint32_t id = 2; id <= 101; id++) {
		struct tally t = tally_of(&log, id, TRACE_TAKEN_MALLOC);

		ASSERT_TALLY(t, 2, 0, 1000 + 200 * KIB, 1000 + 200 * KIB);
	}
	ck_assert_uint_eq(tally_of(&log, 1, TRACE_TAKEN_MALLOC).live, 0);
	trace_log_release(&log);
}
END_TEST

START_TEST(signal_handlers_may_come_in_between)
{
	struct tally t = run("signals", TRACE_TAKEN_MMAP);

	ck_assert_uint_gt(t.calls, 2000);
	ASSERT_TALLY(t, t.calls, t.calls, t.calls * MIB, 0);
}
END_TEST

START_TEST(address_space_is_followed_by_address)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct trace_log log = log_of("maps", MIB, 1 << 12, 0);
	struct tally t = tally_of(&log, 0, TRACE_TAKEN_MMAP);
	uint64_t held = 0;

	ck_assert_uint_eq(t.calls, 3);
	ck_assert_uint_eq(t.asked, (64 + 4 + 16) * page);
	ck_assert_uint_eq(t.live, 60 * page);
	/* A length of 0 is EINVAL: nobody was refused memory. */
	ck_assert_uint_eq(t.refused, 0);
	for (size_t i = 0; i < log.asked.range_count; i++)
		if (log.asked.ranges[i].what == TRACE_TAKEN_MMAP)
			held += log.asked.ranges[i].bytes;
	ck_assert_uint_eq(held, 60 * page);
	trace_log_release(&log);
}
END_TEST

START_TEST(breaks_are_one_range)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct trace_log log = log_of("breaks", MIB, 1 << 12, 0);
	struct tally t = tally_of(&log, 0, TRACE_TAKEN_BRK);
	uint64_t held = 0;

	ck_assert_uint_eq(t.calls, 100);
	ck_assert_uint_eq(t.asked, 100 * page);
	ck_assert_uint_eq(t.live, 70 * page);
	for (size_t i = 0; i < log.asked.range_count; i++)
		held += log.asked.ranges[i].what == TRACE_TAKEN_BRK ? log.asked.ranges[i].bytes : 0;
	ck_assert_uint_eq(held, 70 * page);
	trace_log_release(&log);
}
END_TEST

START_TEST(a_killed_program_leaves_its_figures)
{
	struct trace_log log = log_of("killed", MIB, 1 << 16, SIGKILL);
	struct tally t = tally_of(&log, 0, TRACE_TAKEN_MALLOC);

	ASSERT_TALLY(t, 1001, 0, 48000 + 2 * MIB, 48000 + 2 * MIB);
	ck_assert_uint_eq(log.asked.range_count, 1);
	ck_assert_uint_eq(log.asked.ranges[0].bytes, 2 * MIB);
	ck_assert_int_eq(log.asked.processes[0].state, TRACE_PROCESS_LIVE);
	trace_log_release(&log);
}
END_TEST

START_TEST(exec_begins_anew)
{
	struct trace_log log = log_of("replaced", MIB, 1 << 12, 0);

	ck_assert_uint_eq(log.asked.process_count, 2);
	ck_assert_uint_eq(log.asked.processes[0].pid, log.asked.processes[1].pid);
	ck_assert_int_eq(log.asked.processes[0].state, TRACE_PROCESS_REPLACED);
	ck_assert_int_eq(log.asked.processes[1].state, TRACE_PROCESS_EXITED);
	ck_assert_uint_eq(tally_of(&log, 1, TRACE_TAKEN_MALLOC).live, 100);
	ck_assert_uint_eq(tally_of(&log, 2, TRACE_TAKEN_MALLOC).live, 200);
	trace_log_release(&log);
}
END_TEST

START_TEST(before_any_constructor)
{
	struct tally t = run("early", TRACE_TAKEN_MALLOC);

	ck_assert_uint_ge(t.asked, 400);
	ck_assert_uint_eq(t.live, 400);
}
END_TEST

START_TEST(python_runs_as_ever)
{
	struct trace_ring *ring = trace_ring_create_counting(MIB, 1 << 20, &err);
	char *argv[] = {
		(char *)"/usr/bin/python3", (char *)"-c",
		(char *)"import threading, json\n"
			"x = [str(i) * 10 for i in range(100000)]\n"
			"t = [threading.Thread(target=lambda: json.dumps(x)) for _ in range(4)]\n"
			"[i.start() for i in t]; [i.join() for i in t]\n"
			"y = bytearray(64 << 20)\n",
		NULL};
	struct trace_log log;
	bool is_found = false;

	ck_assert_int_eq(run_argv(ring, argv), 0);
	ck_assert_int_eq(trace_ring_read(ring, &log, &err), 0);
	for (size_t i = 0; i < log.asked.site_count; i++)
		is_found |= log.asked.sites[i].asked >= 64 * MIB;
	ck_assert(is_found);
	ck_assert_uint_eq(tally_of(&log, 0, TRACE_TAKEN_MALLOC).not_followed, 0);
	trace_log_release(&log);
	trace_ring_free(ring);
}
END_TEST

static TCase *counting(void)
{
	TCase *tc = tcase_create("counting");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, counts_are_exact);
	tcase_add_test(tc, whole_family_is_counted);
	tcase_add_test(tc, realloc_moves_what_is_live);
	tcase_add_test(tc, foreign_pointers_are_passed_on);
	tcase_add_test(tc, four_threads_lose_nothing);
	tcase_add_test(tc, another_thread_may_free);
	tcase_add_test(tc, fork_child_has_figures_of_its_own);
	tcase_add_test(tc, vfork_child_ends_alone);
	tcase_add_test(tc, what_ended_makes_room);
	tcase_add_test(tc, fork_while_another_thread_allocates);
	tcase_add_test(tc, signal_handlers_may_come_in_between);
	tcase_add_test(tc, address_space_is_followed_by_address);
	tcase_add_test(tc, breaks_are_one_range);
	tcase_add_test(tc, a_killed_program_leaves_its_figures);
	tcase_add_test(tc, exec_begins_anew);
	tcase_add_test(tc, before_any_constructor);
	if (suite_has("python_runs_as_ever", "/usr/bin/python3"))
		tcase_add_test(tc, python_runs_as_ever);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {counting()};

	return suite_run("preload", cases, ARRAY_SIZE(cases));
}
