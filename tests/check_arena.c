/*
 * check_arena.c - the arena and its memory: figures, clearing, refusals, sizes that overflow.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/arena.h"
#include "src/os_mem.h"
#include "suite.h"

#define KIB  ((size_t)1 << 10)
#define MIB  ((size_t)1 << 20)
#define PAGE os_mem_page_size()

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#else
#define HAVE_ASAN 0
#endif

static void must_init(struct arena *arena, struct arena_config config)
{
	ck_assert_int_eq(arena_init(arena, &config), 0);
}

static void assert_invariant(const struct arena *arena)
{
	const struct arena_stats s = arena_stats(arena);

	ck_assert_uint_le(s.used, s.committed);
	ck_assert_uint_le(s.touched, s.committed);
	ck_assert_uint_le(s.committed, s.reserved);
	ck_assert_uint_le(s.used, s.peak);
	ck_assert_uint_le(s.peak, s.reserved);
}

static bool all_bytes(const void *p, size_t bytes, unsigned char value)
{
	const unsigned char *at = p;

	for (size_t i = 0; i < bytes; i++)
		if (at[i] != value)
			return false;
	return true;
}

/* Resident bytes of a range, as the kernel sees them. */
static size_t resident(const void *p, size_t bytes)
{
	const size_t before = (uintptr_t)p & (PAGE - 1);
	const size_t pages = (before + bytes + PAGE - 1) / PAGE;
	unsigned char *map = calloc(pages, 1);
	size_t count = 0;

	ck_assert_int_eq(mincore((char *)p - before, pages * PAGE, map), 0);
	for (size_t i = 0; i < pages; i++)
		count += map[i] & 1;
	free(map);
	return count * PAGE;
}

START_TEST(push_aligns_and_counts)
{
	unsigned char *buffer = malloc(64 * KIB);
	struct arena arena;

	must_init(&arena, (struct arena_config){.size = 64 * KIB - 1, .backing = buffer + 1});
	ck_assert_uint_eq(arena_stats(&arena).reserved, 64 * KIB - 1);
	for (size_t align = 1; align <= 4096; align *= 2) {
		unsigned char *p = arena_push(&arena, 3, align);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % align, 0);
		ck_assert(p >= buffer + 1);
		assert_invariant(&arena);
	}
	arena_destroy(&arena);
	free(buffer);
}
END_TEST

START_TEST(push_refuses_bad_alignment)
{
	static const size_t bad[] = {0, 3, 6, 12, 4095, SIZE_MAX};
	char buffer[256];
	struct arena arena;

	must_init(&arena, (struct arena_config){.size = sizeof(buffer), .backing = buffer});
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		ck_assert_ptr_null(arena_push(&arena, 1, bad[i]));
		ck_assert_int_eq(errno, EINVAL);
	}
	ck_assert_uint_eq(arena_stats(&arena).used, 0);
}
END_TEST

START_TEST(push_refuses_what_does_not_fit)
{
	static const size_t sizes[] = {257,	     SIZE_MAX,	  SIZE_MAX - 1,	  SIZE_MAX - 255,
				       SIZE_MAX / 2, PTRDIFF_MAX, SIZE_MAX - 4096};
	char buffer[256];
	struct arena arena;

	must_init(&arena, (struct arena_config){.size = sizeof(buffer), .backing = buffer});
	ck_assert_ptr_nonnull(arena_push(&arena, 1, 1));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		errno = 0;
		ck_assert_ptr_null(arena_push(&arena, sizes[i], 1));
		ck_assert_int_eq(errno, ENOMEM);
		ck_assert_ptr_null(arena_push(&arena, sizes[i], (size_t)1 << 63));
	}
	ck_assert_uint_eq(arena_stats(&arena).used, 1);
	ck_assert_ptr_nonnull(arena_push(&arena, 255, 1));
	ck_assert_ptr_null(arena_push(&arena, 1, 1));
}
END_TEST

START_TEST(init_refuses_bad_configs)
{
	static char buffer[16];
	const struct arena_config bad[] = {
		{.size = 0},
		{.size = SIZE_MAX},
		{.size = PTRDIFF_MAX},
		{.size = 16, .policy = ARENA_CLEAR_COUNT},
		{.size = 16, .source = ARENA_SOURCE_COUNT},
		{.size = 16, .policy = (enum arena_policy) - 1},
		{.size = 16, .source = ARENA_SOURCE_BACKING},
		{.size = 16, .source = ARENA_SOURCE_MALLOC, .backing = buffer},
		{.size = 16, .source = ARENA_SOURCE_RESERVE, .backing = buffer},
	};
	struct arena arena;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&arena, 0xa5, sizeof(arena));
		ck_assert_int_eq(arena_init(&arena, &bad[i]), -EINVAL);
		ck_assert_uint_eq(arena_stats(&arena).reserved, 0);
		ck_assert_ptr_null(arena_push(&arena, 1, 1));
		arena_destroy(&arena);
	}
}
END_TEST

/* In a child with little address space; 0: all as it should be, else the line. */
static int ask_with_little_address_space(enum arena_source source)
{
	struct arena arena;
	const struct rlimit limit = {512 * MIB, 512 * MIB};

	if (setrlimit(RLIMIT_AS, &limit) < 0)
		return __LINE__ % 256;
	if (arena_init(&arena, &(struct arena_config){.size = 4096 * MIB, .source = source}) !=
	    -ENOMEM)
		return __LINE__ % 256;
	return arena.base == NULL && arena.reserved == 0 ? 0 : __LINE__ % 256;
}

START_TEST(init_reports_refusal)
{
	int status;
	pid_t pid;

	if (HAVE_ASAN) /* its own address space is larger than the limit */
		return;
	pid = fork();
	if (pid == 0)
		_exit(ask_with_little_address_space(_i ? ARENA_SOURCE_RESERVE
						       : ARENA_SOURCE_MALLOC));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(push_reports_refused_commit)
{
	struct arena arena;
	void *hole;

	must_init(&arena, (struct arena_config){.size = 16 * MIB, .source = ARENA_SOURCE_RESERVE});
	ck_assert_ptr_nonnull(arena_push(&arena, MIB, 1));
	hole = arena.base + 2 * MIB; /* mprotect() of a range with a hole is ENOMEM */
	ck_assert_int_eq(munmap(hole, MIB), 0);
	errno = 0;
	ck_assert_ptr_null(arena_push(&arena, 4 * MIB, 1));
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_uint_eq(arena_stats(&arena).used, MIB);
	ck_assert_uint_eq(arena_stats(&arena).committed, MIB);
	arena_destroy(&arena);
}
END_TEST

START_TEST(reserve_commits_step_by_step)
{
	const size_t step = 64 * KIB;
	struct arena arena;
	unsigned char *p;

	must_init(&arena, (struct arena_config){.size = MIB + 1,
						.source = ARENA_SOURCE_RESERVE,
						.commit_step = step - 1});
	ck_assert_uint_eq(arena_stats(&arena).reserved, MIB + PAGE);
	ck_assert_uint_eq(arena_stats(&arena).committed, 0);
	p = arena_push(&arena, 1, 1);
	ck_assert_uint_eq(arena_stats(&arena).committed, step);
	ck_assert_uint_eq(resident(p, step), 0);
	ck_assert_ptr_nonnull(arena_push(&arena, step, 1));
	ck_assert_uint_eq(arena_stats(&arena).committed, 2 * step);
	ck_assert_ptr_nonnull(arena_push(&arena, MIB + PAGE - step - 1, 1));
	ck_assert_uint_eq(arena_stats(&arena).committed, MIB + PAGE);
	ck_assert_uint_eq(arena_stats(&arena).touched, 0);
	ck_assert(all_bytes(p, MIB + PAGE, 0));
	arena_destroy(&arena);
}
END_TEST

START_TEST(reserved_memory_is_inaccessible)
{
	struct arena arena;
	int status;
	pid_t pid;

	must_init(&arena, (struct arena_config){.size = 4 * MIB, .source = ARENA_SOURCE_RESERVE});
	pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile unsigned char *)arena.base = 1;
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	arena_destroy(&arena);
}
END_TEST

START_TEST(init_without_clearing_touches_nothing)
{
	struct arena arena;

	must_init(&arena, (struct arena_config){.size = 64 * MIB, .source = ARENA_SOURCE_MALLOC});
	ck_assert_uint_eq(arena_stats(&arena).touched, 0);
	ck_assert_uint_le(resident(arena.base, 64 * MIB), 4 * MIB);
	arena_destroy(&arena);
}
END_TEST

START_TEST(eager_clearing_touches_everything)
{
	const size_t size = 40 * MIB; /* not a multiple of the step of 16 MiB */
	unsigned char *buffer = malloc(size);
	struct arena arena;

	memset(buffer, 0xee, size);
	must_init(&arena, (struct arena_config){
				  .size = size, .policy = ARENA_CLEAR_EAGERLY, .backing = buffer});
	ck_assert(all_bytes(buffer, size, 0));
	ck_assert_uint_eq(arena_stats(&arena).touched, size);
	arena_destroy(&arena);
	free(buffer);

	must_init(&arena, (struct arena_config){.size = size,
						.policy = ARENA_CLEAR_EAGERLY,
						.source = ARENA_SOURCE_RESERVE});
	ck_assert_uint_eq(arena_stats(&arena).committed, size);
	ck_assert_uint_eq(resident(arena.base, size), size);
	arena_destroy(&arena);
}
END_TEST

START_TEST(on_allocation_shows_zeroes)
{
	static unsigned char dirty[MIB];
	const struct arena_config configs[] = {
		{.size = MIB, .source = ARENA_SOURCE_MALLOC},
		{.size = MIB, .source = ARENA_SOURCE_RESERVE, .commit_step = 4096},
		{.size = MIB, .backing = dirty},
	};
	struct arena arena;
	unsigned int seed = 1;

	memset(dirty, 0xee, sizeof(dirty));
	must_init(&arena, configs[_i]);
	for (int i = 0; i < 3000; i++) {
		const size_t bytes = (size_t)rand_r(&seed) % 9000;
		const size_t mark = arena_mark(&arena);
		void *p = arena_push(&arena, bytes, (size_t)1 << rand_r(&seed) % 8);

		if (!p || i % 100 == 99) {
			if (i % 2)
				ck_assert_int_eq(arena_decommit(&arena), 0);
			arena_reset(&arena);
			if (i % 3)
				ck_assert_int_eq(arena_decommit(&arena), 0);
			continue;
		}
		ck_assert(all_bytes(p, bytes, 0));
		memset(p, 0xee, bytes);
		if (i % 7 == 0)
			ck_assert_int_eq(arena_rewind(&arena, mark), 0);
		assert_invariant(&arena);
	}
	arena_destroy(&arena);
}
END_TEST

START_TEST(never_leaves_contents)
{
	unsigned char buffer[64];
	struct arena arena;

	memset(buffer, 0xee, sizeof(buffer));
	must_init(&arena, (struct arena_config){.size = sizeof(buffer),
						.policy = ARENA_CLEAR_NEVER,
						.backing = buffer});
	ck_assert(all_bytes(arena_push(&arena, 64, 1), 64, 0xee));
	ck_assert_uint_eq(arena_stats(&arena).touched, 0);
}
END_TEST

START_TEST(touch_charges_each_page)
{
	struct arena arena;
	unsigned char *p;

	must_init(&arena, (struct arena_config){.size = 8 * MIB, .source = ARENA_SOURCE_RESERVE});
	ck_assert_ptr_nonnull(arena_push(&arena, 100, 1));
	p = arena_push(&arena, MIB, 1);
	p[5000] = 7;
	ck_assert_int_eq(arena_touch(&arena, p, MIB), 0);
	ck_assert_uint_ge(resident(p, MIB), MIB);
	ck_assert_uint_eq(p[5000], 7);
	ck_assert_uint_eq(arena_stats(&arena).touched, MIB);
	ck_assert_int_eq(arena_touch(&arena, p, MIB), 0);
	ck_assert_uint_eq(arena_stats(&arena).touched, MIB);
	assert_invariant(&arena);
	arena_destroy(&arena);
}
END_TEST

START_TEST(touch_refuses_what_was_not_handed_out)
{
	char buffer[256];
	struct arena arena;
	char *p;

	must_init(&arena, (struct arena_config){.size = sizeof(buffer), .backing = buffer});
	p = arena_push(&arena, 100, 1);
	ck_assert_int_eq(arena_touch(&arena, p, 101), -EINVAL);
	ck_assert_int_eq(arena_touch(&arena, p - 1, 1), -EINVAL);
	ck_assert_int_eq(arena_touch(&arena, p + 101, 0), -EINVAL);
	ck_assert_int_eq(arena_touch(&arena, p + 50, SIZE_MAX), -EINVAL);
	ck_assert_int_eq(arena_touch(&arena, (void *)1, 1), -EINVAL);
	ck_assert_int_eq(arena_touch(&arena, p + 100, 0), 0);
	ck_assert_int_eq(arena_touch(&arena, p, 100), 0);
}
END_TEST

START_TEST(rewind_and_reset)
{
	char buffer[256];
	struct arena arena;
	size_t mark;

	must_init(&arena, (struct arena_config){.size = sizeof(buffer), .backing = buffer});
	ck_assert_ptr_nonnull(arena_push(&arena, 10, 1));
	mark = arena_mark(&arena);
	ck_assert_ptr_nonnull(arena_push(&arena, 200, 1));
	ck_assert_int_eq(arena_rewind(&arena, mark), 0);
	ck_assert_uint_eq(arena_stats(&arena).used, 10);
	ck_assert_uint_eq(arena_stats(&arena).peak, 210);
	ck_assert_int_eq(arena_rewind(&arena, 11), -EINVAL);
	arena_reset(&arena);
	ck_assert_uint_eq(arena_stats(&arena).used, 0);
	ck_assert_ptr_eq(arena_push(&arena, 256, 1), buffer);
}
END_TEST

START_TEST(decommit_gives_pages_back)
{
	const size_t size = 4 * MIB;
	struct arena arena;
	unsigned char *p;

	must_init(&arena,
		  (struct arena_config){.size = size,
					.source = _i ? ARENA_SOURCE_RESERVE : ARENA_SOURCE_MALLOC});
	p = arena_push(&arena, 3 * MIB, 1);
	memset(p, 0xee, 3 * MIB);
	ck_assert_int_eq(arena_rewind(&arena, MIB + 1), 0);
	ck_assert_int_eq(arena_decommit(&arena), 0);
	ck_assert(all_bytes(p, MIB + 1, 0xee));
	ck_assert_uint_le(resident(p, size), MIB + 2 * PAGE);
	ck_assert_uint_le(arena_stats(&arena).touched, MIB + 2 * PAGE);
	assert_invariant(&arena);
	if (_i)
		ck_assert_uint_eq(arena_stats(&arena).committed, MIB + PAGE);
	p = arena_push(&arena, 2 * MIB, 1);
	ck_assert(all_bytes(p, 2 * MIB, 0));
	arena_destroy(&arena);
}
END_TEST

START_TEST(decommit_of_a_small_buffer_does_nothing)
{
	char buffer[100];
	struct arena arena;

	memset(buffer, 0xee, sizeof(buffer));
	must_init(&arena, (struct arena_config){.size = sizeof(buffer),
						.policy = ARENA_CLEAR_NEVER,
						.backing = buffer});
	ck_assert_int_eq(arena_decommit(&arena), 0);
	ck_assert(all_bytes(buffer, sizeof(buffer), 0xee));
}
END_TEST

START_TEST(os_mem_checks_ranges)
{
	void *p = NULL;

	ck_assert_int_eq(os_mem_reserve(0, &p), -EINVAL);
	ck_assert_int_eq(os_mem_reserve(PAGE + 1, &p), -EINVAL);
	ck_assert_int_eq(os_mem_reserve(SIZE_MAX - PAGE + 1, &p), -ENOMEM);
	ck_assert_ptr_null(p);
	ck_assert_int_eq(os_mem_reserve(2 * PAGE, &p), 0);
	ck_assert_int_eq(os_mem_commit((char *)p + 1, PAGE), -EINVAL);
	ck_assert_int_eq(os_mem_commit(p, PAGE - 1), -EINVAL);
	ck_assert_int_eq(os_mem_commit(p, 2 * PAGE), 0);
	memset(p, 1, 2 * PAGE);
	ck_assert_int_eq(os_mem_decommit(p, 2 * PAGE), 0);
	ck_assert_int_eq(os_mem_commit(p, 2 * PAGE), 0);
	ck_assert(all_bytes(p, 2 * PAGE, 0));
	ck_assert_int_eq(os_mem_release(p, 2 * PAGE), 0);
}
END_TEST

static TCase *arena_case(void)
{
	TCase *tc = tcase_create("arena");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, push_aligns_and_counts);
	tcase_add_test(tc, push_refuses_bad_alignment);
	tcase_add_test(tc, push_refuses_what_does_not_fit);
	tcase_add_test(tc, init_refuses_bad_configs);
	tcase_add_loop_test(tc, init_reports_refusal, 0, 2);
	tcase_add_test(tc, push_reports_refused_commit);
	tcase_add_test(tc, reserve_commits_step_by_step);
	tcase_add_test(tc, reserved_memory_is_inaccessible);
	tcase_add_test(tc, init_without_clearing_touches_nothing);
	tcase_add_test(tc, eager_clearing_touches_everything);
	tcase_add_loop_test(tc, on_allocation_shows_zeroes, 0, 3);
	tcase_add_test(tc, never_leaves_contents);
	tcase_add_test(tc, touch_charges_each_page);
	tcase_add_test(tc, touch_refuses_what_was_not_handed_out);
	tcase_add_test(tc, rewind_and_reset);
	tcase_add_loop_test(tc, decommit_gives_pages_back, 0, 2);
	tcase_add_test(tc, decommit_of_a_small_buffer_does_nothing);
	tcase_add_test(tc, os_mem_checks_ranges);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {arena_case()};

	return suite_run("arena", cases, 1);
}
