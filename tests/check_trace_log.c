/*
 * check_trace_log.c - the reading end of the trace ring: dumps that are whole, cut, damaged or
 * torn.
 */
#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "suite.h"
#include "trace_helpers.h"

START_TEST(hostile_names_are_neutralised)
{
	struct trace_ring *ring = attached_ring(SMALL_RING);
	struct arena arena;
	struct trace_log log;

	init_over_pool(&arena, "a\"b)\n\x1b[31m\xff\xc3<");
	log = read_ring(ring);
	for (const char *c = log.arenas[0].name; *c; c++)
		ck_assert((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f);
	drop(ring, &log);
}
END_TEST

/* Dumps to a file of its own; *fd is open on it. */
static struct trace_log dump_and_load(const struct trace_ring *ring, int *fd)
{
	struct trace_log log;
	char path[64];

	*fd = memfd_create("trace.bin", 0);
	ck_assert_int_eq(trace_ring_dump(ring, *fd, &err), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	ck_assert_int_eq(trace_log_load(path, &log, &err), 0);
	return log;
}

START_TEST(dump_holds_what_the_ring_held)
{
	struct trace_ring *ring = attached_ring(MIB);
	struct arena arena;
	struct trace_log live, loaded;
	int fd;

	loaded = dump_and_load(ring, &fd);
	ck_assert_uint_eq(loaded.event_count, 1);
	ck_assert_int_lt(lseek(fd, 0, SEEK_END), 6 * 1024);
	trace_log_release(&loaded);
	close(fd);

	init_over_pool(&arena, "dumped");
	push_records(&arena, _i);
	live = read_ring(ring);
	loaded = dump_and_load(ring, &fd);
	ck_assert_uint_eq(loaded.event_count, live.event_count);
	ck_assert_uint_eq(loaded.arena_count, 1);
	ck_assert_uint_eq(loaded.lost, live.lost);
	ck_assert(!loaded.is_cut && loaded.is_clock_sound);
	for (size_t i = 0; i < live.event_count; i++) {
		ck_assert_uint_eq(loaded.events[i].ticks, live.events[i].ticks);
		ck_assert_int_eq(loaded.events[i].op, live.events[i].op);
		ck_assert_int_le(llabs(loaded.events[i].t_ns - live.events[i].t_ns), 2000000);
	}
	close(fd);
	trace_log_release(&loaded);
	drop(ring, &live);
}
END_TEST

START_TEST(load_names_the_file_and_the_reason)
{
	struct trace_log log;

	ck_assert_int_eq(trace_log_load("/nonexistent/trace.bin", &log, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/trace.bin"));
	ck_assert_int_eq(trace_log_load("/dev/null", &log, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "shorter than a header"));
}
END_TEST

/* The bytes of a dump with a few arenas and some hundred records. */
static unsigned char *sample_dump(size_t *bytes)
{
	struct trace_ring *ring = attached_ring(SMALL_RING);
	const int fd = memfd_create("trace.bin", 0);
	unsigned char *copy;
	struct arena arena;

	one_life();
	init_over_pool(&arena, "sample");
	push_records(&arena, 250);
	ck_assert_int_eq(trace_ring_dump(ring, fd, &err), 0);
	*bytes = (size_t)lseek(fd, 0, SEEK_END);
	copy = malloc(*bytes);
	ck_assert_int_eq(pread(fd, copy, *bytes, 0), (ssize_t)*bytes);
	close(fd);
	trace_detach();
	trace_ring_free(ring);
	return copy;
}

START_TEST(cut_dumps_are_read_as_far_as_they_go)
{
	size_t bytes;
	_cleanup_free_ unsigned char *dump = sample_dump(&bytes);
	struct trace_log log;

	for (size_t len = 0; len <= bytes; len += len < 600 ? 1 : 97) {
		/* Ends where ASan looks. NOLINTNEXTLINE(clang-analyzer-unix.Malloc): freed below */
		_cleanup_free_ unsigned char *cut = malloc(len ? len : 1);

		memcpy(cut, dump, len);
		if (len < sizeof(struct trace_header)) {
			/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): by its attribute */
			ck_assert_int_eq(trace_log_parse(cut, len, &log, &err), -1);
			continue;
		}
		ck_assert_int_eq(trace_log_parse(cut, len, &log, &err), 0);
		ck_assert(log.is_cut == (len < bytes));
		assert_sane(&log);
		trace_log_release(&log);
	}
}
END_TEST

START_TEST(damaged_dumps_do_no_harm)
{
	size_t bytes;
	_cleanup_free_ unsigned char *dump = sample_dump(&bytes);
	_cleanup_free_ unsigned char *bad = malloc(bytes);
	unsigned int seed = 4711u + (unsigned int)_i;
	struct trace_log log;

	for (int round = 0; round < 1500; round++) {
		const size_t reach = rand_r(&seed) % 2 ? bytes : 1024;

		memcpy(bad, dump, bytes);
		for (int i = rand_r(&seed) % 32; i >= 0; i--)
			bad[(size_t)rand_r(&seed) % reach] =
				(unsigned char)(rand_r(&seed) % 3 ? rand_r(&seed) : 0xff);
		if (trace_log_parse(bad, bytes, &log, &err) < 0)
			continue;
		assert_sane(&log);
		trace_log_release(&log);
	}
}
END_TEST

START_TEST(torn_records_are_lost_not_shown)
{
	size_t bytes;
	_cleanup_free_ unsigned char *dump = sample_dump(&bytes);
	struct trace_header header;
	struct trace_log log;
	size_t whole;

	ck_assert_int_eq(trace_log_parse(dump, bytes, &log, &err), 0);
	whole = log.event_count;
	trace_log_release(&log);
	memcpy(&header, dump, sizeof(header));
	for (size_t field = 0; field < sizeof(struct trace_record); field++) {
		unsigned char *byte = dump + TRACE_BLOCKS_OFFSET(header.arena_capacity) +
				      offsetof(struct trace_block, records[7]) + field;

		*byte ^= 0x10;
		ck_assert_int_eq(trace_log_parse(dump, bytes, &log, &err), 0);
		ck_assert_uint_eq(log.event_count, whole - 1);
		ck_assert_uint_eq(log.torn, 1);
		ck_assert_uint_eq(log.lost, 1);
		trace_log_release(&log);
		*byte ^= 0x10;
	}
}
END_TEST

/* What a wild pointer does to a ring that holds three blocks of records and a bit. */
enum damage { NONE, HEADER, COUNTERS, FORGOTTEN, LOST, NOISE, ZEROES, COUNT, DAMAGES };

static void scribble(const struct trace_ring *ring, enum damage damage)
{
	const size_t bytes = 4096;
	char *map =
		mmap(NULL, SMALL_RING, PROT_READ | PROT_WRITE, MAP_SHARED, trace_ring_fd(ring), 0);
	struct trace_header *header = (void *)map;
	struct trace_block *block =
		(void *)(map + TRACE_BLOCKS_OFFSET(header->arena_capacity) + bytes);

	if (damage == HEADER)
		memset(header, 0, sizeof(*header));
	else if (damage == COUNTERS)
		memset(&header->blocks_claimed, 0xff, 20);
	else if (damage == FORGOTTEN)
		header->blocks_claimed = 1;
	else if (damage == LOST)
		header->records_lost = UINT64_C(1) << 40;
	else if (damage == NOISE)
		memset(block, 0xa5, bytes);
	else if (damage == ZEROES)
		memset(block, 0, bytes);
	else if (damage == COUNT)
		block->written = 0x01020304;
	munmap(map, SMALL_RING);
}

START_TEST(what_a_program_writes_over_is_lost)
{
	const bool is_header = _i >= HEADER && _i <= LOST, is_block = _i >= NOISE;
	struct trace_ring *ring = attached_ring(SMALL_RING);
	struct arena arena;
	struct trace_log log;
	int fd;

	init_over_pool(&arena, "scribbled");
	push_records(&arena, 330);
	log = read_ring(ring);
	ck_assert(!log.is_header_damaged && !log.blocks_damaged && !log.lost);
	ck_assert_uint_gt(log.event_count, 330);
	trace_log_release(&log);
	scribble(ring, (enum damage)_i);
	log = dump_and_load(ring, &fd);
	close(fd);
	ck_assert_int_eq(log.is_header_damaged, is_header);
	ck_assert_uint_eq(log.blocks_damaged, is_block ? 1 : 0);
	ck_assert_uint_eq(log.lost, 0);
	ck_assert_uint_eq(log.arenas_lost, 0);
	/* What is whole is still read: of a block whose count alone is damaged, all its records. */
	ck_assert_uint_ge(log.event_count, _i == NOISE || _i == ZEROES ? 230 : 331);
	ck_assert_uint_eq(log.arena_count, 1);
	drop(ring, &log);
}
END_TEST

START_TEST(a_lapped_ring_is_no_damaged_one)
{
	struct trace_ring *ring = attached_ring(SMALL_RING);
	struct arena arena;
	struct trace_log log;

	init_over_pool(&arena, "lapped");
	for (int i = 0; i < 20; i++) {
		push_records(&arena, 150);
		log = read_ring(ring);
		ck_assert(!log.is_header_damaged && !log.blocks_damaged);
		trace_log_release(&log);
	}
	log = read_ring(ring);
	ck_assert_uint_gt(log.lost, 2000);
	drop(ring, &log);
}
END_TEST

START_TEST(unusable_clock_is_said)
{
	size_t bytes;
	_cleanup_free_ unsigned char *dump = sample_dump(&bytes);
	struct trace_header *header = (struct trace_header *)(void *)dump;
	struct trace_log log;

	if (header->clock == TRACE_CLOCK_MONOTONIC)
		return;
	header->read = header->created;
	ck_assert_int_eq(trace_log_parse(dump, bytes, &log, &err), 0);
	ck_assert(!log.is_clock_sound);
	ck_assert_int_eq(log.events[log.event_count - 1].t_ns, 0);
	assert_in_order(&log);
	trace_log_release(&log);
}
END_TEST

static TCase *reading(void)
{
	TCase *tc = tcase_create("reading");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, hostile_names_are_neutralised);
	tcase_add_loop_test(tc, dump_holds_what_the_ring_held, 97, 101);
	tcase_add_test(tc, load_names_the_file_and_the_reason);
	tcase_add_test(tc, cut_dumps_are_read_as_far_as_they_go);
	tcase_add_loop_test(tc, damaged_dumps_do_no_harm, 0, 4);
	tcase_add_test(tc, torn_records_are_lost_not_shown);
	tcase_add_loop_test(tc, what_a_program_writes_over_is_lost, NONE, DAMAGES);
	tcase_add_test(tc, a_lapped_ring_is_no_damaged_one);
	tcase_add_test(tc, unusable_clock_is_said);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {reading()};

	return suite_run("trace_log", cases, ARRAY_SIZE(cases));
}
