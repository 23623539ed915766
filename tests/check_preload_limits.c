/*
 * check_preload_limits.c - the preload library where something is full, missing or scribbled on:
 * what is lost is counted, and no program minds.
 */
#include <check.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload_helpers.h"
#include "suite.h"

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
	/* Where the heap's addresses meet in the table a few have no place, however large it is. */
	log = log_of("many_small", MIB, 1 << 18, 0);
	t = tally_of(&log, 0, TRACE_TAKEN_MALLOC);
	ck_assert_uint_le(t.not_followed, 100);
	ASSERT_TALLY(t, 100000, 100000 - t.not_followed, 1600000, t.not_followed * 16);
	trace_log_release(&log);
}
END_TEST

START_TEST(a_full_table_of_ranges_is_counted)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct trace_log log = log_of("many_maps", MIB, 1 << 12, 0);
	struct tally t = tally_of(&log, 0, TRACE_TAKEN_MMAP);

	ck_assert_uint_eq(t.calls, 6000);
	ck_assert_uint_eq(t.asked, 6000 * page);
	ck_assert_uint_gt(t.not_followed, 0);
	ck_assert_uint_eq(t.live, t.not_followed * page);
	trace_log_release(&log);
}
END_TEST

/* Its sites all taken, by a process that never was. */
static void fill_sites(const struct trace_ring *ring)
{
	struct trace_header h;
	struct trace_site *sites;
	char *map;

	ck_assert_int_eq(pread(trace_ring_fd(ring), &h, sizeof(h), 0), sizeof(h));
	map = mmap(NULL, h.total_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, trace_ring_fd(ring), 0);
	sites = (void *)(map + TRACE_TOTAL_BYTES(h.arena_capacity, h.block_count) +
			 h.process_capacity * sizeof(struct trace_process) +
			 h.module_capacity * sizeof(struct trace_module));
	for (uint32_t i = TRACE_TAKEN_COUNT; i < h.site_capacity; i++)
		sites[i].key = TRACE_SITE_KEY(i, 4000, TRACE_TAKEN_MALLOC);
	munmap(map, h.total_bytes);
}

START_TEST(a_full_table_of_sites_is_summed_up)
{
	struct trace_ring *ring = trace_ring_create_counting(MIB, 1 << 12, &err);
	struct trace_log log;
	const struct trace_log_site *rest = NULL;

	fill_sites(ring);
	ck_assert_int_eq(run_mode(ring, "exact"), 0);
	ck_assert_int_eq(trace_ring_read(ring, &log, &err), 0);
	for (size_t i = 0; i < log.asked.site_count && !rest; i++)
		if (log.asked.sites[i].process == 0)
			rest = &log.asked.sites[i];
	ck_assert_ptr_nonnull(rest);
	ck_assert_uint_eq(rest->address, 0);
	ck_assert_uint_ge(rest->calls, 101);
	ck_assert_uint_ge(rest->asked, 100 * 24 + 300 * KIB);
	ck_assert_uint_ge(rest->freed, 50 * 24 + 300 * KIB);
	trace_log_release(&log);
	trace_ring_free(ring);
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

static TCase *limits(void)
{
	TCase *tc = tcase_create("limits");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_full_ring_loses_records_but_no_figure);
	tcase_add_test(tc, what_cannot_be_followed_is_counted);
	tcase_add_test(tc, a_full_table_of_ranges_is_counted);
	tcase_add_test(tc, a_full_table_of_sites_is_summed_up);
	tcase_add_test(tc, too_many_processes_are_counted);
	tcase_add_test(tc, without_a_ring_it_only_passes_on);
	tcase_add_test(tc, rings_nobody_should_trust);
	tcase_add_test(tc, a_dump_holds_all_figures);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {limits()};

	return suite_run("preload_limits", cases, ARRAY_SIZE(cases));
}
