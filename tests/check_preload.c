/*
 * check_preload.c - the preload library in real programs: what it counts is exact, in bytes,
 * whatever threads, forks, signals and kills do.
 */
#include <check.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "capture/trace_ring.h"
#include "launch/preload.h"
#include "suite.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static struct err err;

static char *beside(const char *name)
{
	_cleanup_free_ char *here = io_program_dir();

	return text_format("%s/%s", here, name);
}

static void exec_traced(const struct trace_ring *ring, char *const *argv)
{
	_cleanup_free_ char *library = beside("../" PRELOAD_NAME);
	_cleanup_free_ char *fd = text_format("%d", trace_ring_fd(ring));

	trace_ring_hand_over(ring);
	setenv(TRACE_FD_ENV, fd, 1);
	setenv("LD_PRELOAD", library, 1);
	execv(argv[0], argv);
	_exit(127);
}

/* Runs it to its end; its wait status. */
static int run_argv(const struct trace_ring *ring, char *const *argv)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		exec_traced(ring, argv);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

static int run_mode(const struct trace_ring *ring, const char *mode)
{
	_cleanup_free_ char *program = beside("helpers/preload_calls");
	char *argv[] = {program, (char *)mode, NULL};

	return run_argv(ring, argv);
}

struct tally {
	uint64_t calls, refused, frees, asked, live, peak, unknown, not_followed;
};

/* Of the sites in the helper itself; process id 0: of all processes. */
static struct tally tally_of(const struct trace_log *log, uint32_t process, enum trace_taken what)
{
	struct tally t = {0};

	for (size_t i = 0; i < log->asked.site_count; i++) {
		const struct trace_log_site *s = &log->asked.sites[i];

		if ((process && s->process != process) || s->what != what || !s->module ||
		    !text_ends_with(s->module, "/preload_calls"))
			continue;
		t.calls += s->calls;
		t.refused += s->refused;
		t.frees += s->frees;
		t.asked += s->asked;
		t.live += s->live;
		t.peak += s->peak;
	}
	for (size_t i = 0; i < log->asked.process_count; i++)
		if (!process || log->asked.processes[i].id == process) {
			t.unknown += log->asked.processes[i].frees_unknown;
			t.not_followed += log->asked.processes[i].not_followed;
		}
	return t;
}

/* What a mode of the helper leaves in a ring of that size. */
static struct trace_log log_of(const char *mode, size_t ring_bytes, size_t follow, int status)
{
	struct trace_ring *ring = trace_ring_create_counting(ring_bytes, follow, &err);
	struct trace_log log;

	ck_assert_ptr_nonnull(ring);
	ck_assert_int_eq(run_mode(ring, mode), status);
	ck_assert_int_eq(trace_ring_read(ring, &log, &err), 0);
	trace_ring_free(ring);
	return log;
}

static struct tally run(const char *mode, enum trace_taken what)
{
	struct trace_log log = log_of(mode, MIB, 1 << 18, 0);
	const struct tally t = tally_of(&log, 0, what);

	ck_assert_uint_eq(log.asked.processes_lost, 0);
	trace_log_release(&log);
	return t;
}

#define ASSERT_TALLY(t, n_calls, n_frees, n_asked, n_live) \
	do {                                               \
		ck_assert_uint_eq((t).calls, n_calls);     \
		ck_assert_uint_eq((t).frees, n_frees);     \
		ck_assert_uint_eq((t).asked, n_asked);     \
		ck_assert_uint_eq((t).live, n_live);       \
	} while (0)

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
	ck_assert_uint_eq(t.refused, 1);
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

START_TEST(a_full_ring_loses_records_but_no_figure)
{
	struct trace_log log = log_of("many_large", TRACE_RING_MIN_BYTES, 1 << 12, 0);
	struct tally t = tally_of(&log, 0, TRACE_TAKEN_MALLOC);

	ASSERT_TALLY(t, 15000, 15000, 15000 * 200 * KIB, 0);
	ck_assert_uint_eq(t.peak, 200 * KIB);
	/* Each call has a record, or is counted as lost; one says that the process attached. */
	ck_assert_uint_eq(log.event_count + log.lost, 30001);
	ck_assert_uint_gt(log.lost, 29000);
	trace_log_release(&log);
}
END_TEST

START_TEST(what_cannot_be_followed_is_counted)
{
	struct trace_log log = log_of("many_small", MIB, TRACE_FOLLOW_MIN, 0);
	struct tally t = tally_of(&log, 0, TRACE_TAKEN_MALLOC);

	ck_assert_uint_eq(t.calls, 100000);
	ck_assert_uint_eq(t.asked, 1600000);
	ck_assert_uint_gt(t.not_followed, 0);
	ck_assert_uint_eq(t.frees + t.not_followed, 100000);
	ck_assert_uint_eq(t.live, t.not_followed * 16);
	trace_log_release(&log);
	log = log_of("many_small", MIB, 1 << 18, 0);
	t = tally_of(&log, 0, TRACE_TAKEN_MALLOC);
	ASSERT_TALLY(t, 100000, 100000, 1600000, 0);
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

START_TEST(too_many_processes_are_counted)
{
	struct trace_log log = log_of("many_processes", MIB, 1 << 12, 0);
	struct tally t = tally_of(&log, 0, TRACE_TAKEN_MALLOC);

	ck_assert_uint_eq(log.asked.process_count + log.asked.processes_lost, 1500);
	ck_assert_uint_gt(log.asked.processes_lost, 0);
	ck_assert_uint_eq(t.calls, log.asked.process_count);
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

START_TEST(without_a_ring_it_only_passes_on)
{
	_cleanup_free_ char *program = beside("helpers/preload_calls");
	_cleanup_free_ char *library = beside("../" PRELOAD_NAME);
	static const char *const rings[] = {NULL, "", "77", "x", "0"};
	int status;

	for (size_t i = 0; i < ARRAY_SIZE(rings); i++) {
		pid_t child = fork();

		if (child == 0) {
			char *argv[] = {program, (char *)"family", NULL};

			if (rings[i])
				setenv(TRACE_FD_ENV, rings[i], 1);
			setenv("LD_PRELOAD", library, 1);
			execv(argv[0], argv);
			_exit(127);
		}
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

/* A plain trace ring has no tables; scribbled ones have any. The program must not care. */
START_TEST(rings_nobody_should_trust)
{
	struct trace_ring *ring = trace_ring_create(MIB, &err);
	struct trace_log log;
	struct trace_header *header;
	unsigned int seed = 7;

	ck_assert_int_eq(run_mode(ring, "family"), 0);
	ck_assert_int_eq(trace_ring_read(ring, &log, &err), 0);
	ck_assert_uint_eq(log.asked.process_count, 0);
	trace_log_release(&log);
	trace_ring_free(ring);
	for (int round = 0; round < 20; round++) {
		size_t bytes;
		char *map;

		ring = trace_ring_create_counting(TRACE_RING_MIN_BYTES, 1 << 12, &err);
		header = mmap(NULL, sizeof(*header), PROT_READ, MAP_SHARED, trace_ring_fd(ring), 0);
		bytes = header->total_bytes;
		munmap(header, sizeof(*header));
		map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, trace_ring_fd(ring), 0);
		for (size_t i = sizeof(*header); i < bytes; i++)
			map[i] = (char)(round ? rand_r(&seed) : 0xff);
		ck_assert_int_eq(run_mode(ring, "changes"), 0);
		ck_assert_int_eq(run_mode(ring, "maps"), 0);
		ck_assert_int_eq(trace_ring_read(ring, &log, &err), 0);
		trace_log_release(&log);
		munmap(map, bytes);
		trace_ring_free(ring);
	}
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

	if (access(argv[0], X_OK) < 0) {
		printf("# SKIP python_runs_as_ever: no /usr/bin/python3\n");
		trace_ring_free(ring);
		return;
	}
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

START_TEST(a_dump_holds_all_figures)
{
	struct trace_ring *ring = trace_ring_create_counting(MIB, 1 << 12, &err);
	struct trace_log live, loaded;
	const int fd = memfd_create("trace.bin", 0);
	char path[64];

	ck_assert_int_eq(run_mode(ring, "forked"), 0);
	ck_assert_int_eq(trace_ring_read(ring, &live, &err), 0);
	ck_assert_int_eq(trace_ring_dump(ring, fd, &err), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ck_assert_int_eq(trace_log_load(path, &loaded, &err), 0);
	ck_assert_uint_eq(live.asked.site_count, loaded.asked.site_count);
	ck_assert_uint_eq(live.asked.range_count, loaded.asked.range_count);
	ck_assert_uint_eq(live.asked.process_count, loaded.asked.process_count);
	ck_assert_uint_eq(tally_of(&loaded, 1, TRACE_TAKEN_MALLOC).live, 10000);
	ck_assert_int_lt(lseek(fd, 0, SEEK_END), 64 * 1024);
	close(fd);
	trace_log_release(&live);
	trace_log_release(&loaded);
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
	tcase_add_test(tc, python_runs_as_ever);
	return tc;
}

static TCase *limits(void)
{
	TCase *tc = tcase_create("limits");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_full_ring_loses_records_but_no_figure);
	tcase_add_test(tc, what_cannot_be_followed_is_counted);
	tcase_add_test(tc, too_many_processes_are_counted);
	tcase_add_test(tc, without_a_ring_it_only_passes_on);
	tcase_add_test(tc, rings_nobody_should_trust);
	tcase_add_test(tc, a_dump_holds_all_figures);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {counting(), limits()};

	return suite_run("preload", cases, ARRAY_SIZE(cases));
}
