/*
 * check_trace_attach.c - rings nobody should trust: absent, foreign, damaged before a program
 * attaches to them or while it writes.
 */
#include <check.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "src/trace_clock.h"
#include "suite.h"
#include "trace_helpers.h"

START_TEST(without_a_ring_nothing_happens)
{
	unsetenv(TRACE_FD_ENV);
	trace_detach();
	trace_attach();
	ck_assert(!trace_on());
	one_life();
	ck_assert_uint_eq(trace_append(TRACE_ALLOC, 1, 0, 0, 0, 0), 0);
	ck_assert_uint_eq(trace_arena_add(&(struct trace_arena_entry){.name = "x"}), 0);
	ck_assert_ptr_null(trace_arena_figures(1));
}
END_TEST

START_TEST(bad_descriptors_turn_tracing_off)
{
	static const char *const bad[] = {"", "-1", "x", "3x", "0x3", " 3", "999999999999", "1000"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		setenv(TRACE_FD_ENV, bad[i], 1);
		trace_detach();
		trace_attach();
		ck_assert(!trace_on());
	}
	one_life();
}
END_TEST

static void assert_not_attached(const struct trace_header *header, size_t file_bytes)
{
	const int fd = memfd_create("bad ring", 0);

	ck_assert_int_eq(ftruncate(fd, (off_t)file_bytes), 0);
	if (file_bytes >= sizeof(*header))
		ck_assert_int_eq(pwrite(fd, header, sizeof(*header), 0), sizeof(*header));
	set_ring_fd(fd);
	ck_assert(!trace_on());
	one_life();
	close(fd);
}

START_TEST(bad_headers_turn_tracing_off)
{
	const struct trace_header good = {.magic = TRACE_MAGIC,
					  .version = TRACE_VERSION,
					  .clock = TRACE_CLOCK_HERE,
					  .arena_capacity = 1,
					  .block_count = 2,
					  .total_bytes = TRACE_TOTAL_BYTES(1, 2)};
	struct trace_header bad = good;

	assert_not_attached(&good, 0);
	assert_not_attached(&good, sizeof(good) - 1);
	assert_not_attached(&good, good.total_bytes - 1);
	bad.magic++;
	assert_not_attached(&bad, good.total_bytes);
	bad = good, bad.version++;
	assert_not_attached(&bad, good.total_bytes);
	bad = good, bad.clock = TRACE_CLOCK_COUNT;
	assert_not_attached(&bad, good.total_bytes);
	bad = good, bad.block_count = 0, bad.total_bytes = TRACE_TOTAL_BYTES(1, 0);
	assert_not_attached(&bad, good.total_bytes);
	bad = good, bad.block_count = UINT32_MAX;
	assert_not_attached(&bad, good.total_bytes);
	bad = good, bad.arena_capacity = UINT32_MAX;
	assert_not_attached(&bad, good.total_bytes);
	bad = good, bad.arena_capacity = 1u << 20, bad.total_bytes = TRACE_TOTAL_BYTES(1u << 20, 2);
	assert_not_attached(&bad, good.total_bytes);
	bad = good, bad.total_bytes--;
	assert_not_attached(&bad, good.total_bytes);
}
END_TEST

START_TEST(writer_outlives_a_scribbled_ring)
{
	struct trace_ring *ring = attached_ring(SMALL_RING);
	struct arena arena;
	struct trace_log log;
	unsigned int seed = 99;
	unsigned char *map =
		mmap(NULL, SMALL_RING, PROT_READ | PROT_WRITE, MAP_SHARED, trace_ring_fd(ring), 0);

	init_over_pool(&arena, "scribbled on");
	for (int i = 0; i < 2000; i++) {
		memset(map + (size_t)rand_r(&seed) % (SMALL_RING - 4096), rand_r(&seed),
		       (size_t)rand_r(&seed) % 4096);
		push_records(&arena, 40);
	}
	memset(map, 0xff, SMALL_RING);
	one_life();
	log = read_ring(ring);
	assert_sane(&log);
	munmap(map, SMALL_RING);
	drop(ring, &log);
}
END_TEST

START_TEST(ring_cannot_be_cut_off)
{
	struct trace_ring *ring = attached_ring(SMALL_RING);

	ck_assert_int_lt(ftruncate(trace_ring_fd(ring), 0), 0);
	ck_assert_int_eq(fcntl(trace_ring_fd(ring), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(trace_ring_hand_over(ring), 0);
	ck_assert_int_eq(fcntl(trace_ring_fd(ring), F_GETFD) & FD_CLOEXEC, 0);
	trace_detach();
	trace_ring_free(ring);
	trace_ring_free(NULL);
}
END_TEST

static TCase *attaching(void)
{
	TCase *tc = tcase_create("attaching");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, without_a_ring_nothing_happens);
	tcase_add_test(tc, bad_descriptors_turn_tracing_off);
	tcase_add_test(tc, bad_headers_turn_tracing_off);
	tcase_add_test(tc, writer_outlives_a_scribbled_ring);
	tcase_add_test(tc, ring_cannot_be_cut_off);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {attaching()};

	return suite_run("trace_attach", cases, ARRAY_SIZE(cases));
}
