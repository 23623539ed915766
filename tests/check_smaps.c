/*
 * check_smaps.c - the parsers of what /proc tells of a process that stands still: smaps, and a
 * thread's system call. Needs no root.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/text.h"
#include "scratch.h"
#include "snapshot/smaps.h"
#include "snapshot/thread_state.h"
#include "src/os_mem.h"
#include "suite.h"

#define MEBI INT64_C(1048576)

/* smaps */

static void feed(struct smaps *smaps, const char *text)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *save = NULL;

	for (char *s = strtok_r(copy, "\n", &save); s; s = strtok_r(NULL, "\n", &save))
		smaps_line(smaps, s);
	smaps_sort(smaps);
}

#define KEYS(rss, anon)                                                \
	"Size:  1 kB\nRss:   " rss " kB\nPss: 1 kB\nAnonymous:  " anon \
	" kB\nAnonHugePages:  2048 kB\nSwap:  4 kB\nVmFlags: rd wr mr\n"

START_TEST(mappings_of_one_name_are_one_row)
{
	struct smaps s = {0};

	feed(&s,
	     "55d0c0000000-55d0c0001000 r--p 00000000 fe:01 7   /usr/bin/a b\n" KEYS(
		     "4", "0") "55d0c0001000-55d0c0003000 r-xp 00001000 fe:01 7   /usr/bin/a "
			       "b\n" KEYS("8",
					  "4") "7f0000000000-7f0004000000 rw-p 00000000 00:00 0 "
					       "[anon:oomlab game memory]\n" KEYS("4096", "4096"));
	ck_assert_uint_eq(s.count, 2);
	ck_assert_str_eq(s.rows[0].name, "[anon:oomlab game memory]");
	ck_assert_int_eq(s.rows[0].rss, 4 * MEBI);
	ck_assert_int_eq(s.rows[0].size, 64 * MEBI);
	ck_assert_int_eq(s.rows[0].huge, 2 * MEBI);
	ck_assert_int_eq(s.rows[0].swap, 4096);
	ck_assert_str_eq(s.rows[1].name, "/usr/bin/a b");
	ck_assert_int_eq(s.rows[1].mappings, 2);
	ck_assert_int_eq(s.rows[1].rss, 12 << 10);
	ck_assert_int_eq(s.rows[1].anon, 4 << 10);
	ck_assert_uint_eq(s.rows[1].start, 0x55d0c0000000);
	ck_assert_uint_eq(s.rows[1].end, 0x55d0c0003000);
	smaps_release(&s);
}
END_TEST

START_TEST(large_mappings_without_a_name_keep_their_row)
{
	struct smaps s = {0};

	feed(&s, "1000-2000 rw-p 0 00:00 0 \nRss: 4 kB\n"
		 "100000-900000 rw-p 0 00:00 0 \nRss: 8192 kB\n"
		 "a00000-b00000 rw-p 0 00:00 0\nRss: 8 kB\n"
		 "f00000-1f00000 rw-p 0 00:00 0 \nRss: 16384 kB\n");
	ck_assert_uint_eq(s.count, 3);
	ck_assert_uint_eq(s.rows[0].start, 0xf00000);
	ck_assert_uint_eq(s.rows[1].start, 0x100000);
	ck_assert_int_eq(s.rows[2].mappings, 2);
	ck_assert_int_eq(s.rows[2].rss, 12 << 10);
	ck_assert_int_eq(s.mappings, 4);
	smaps_release(&s);
}
END_TEST

START_TEST(what_is_no_smaps_is_skipped)
{
	static const char *const lines[] = {
		"",
		"\n",
		"-",
		"zz-10 r",
		"10",
		"10-",
		"20-10 rw-p",
		"Rss: 10 kB",
		"Rss:",
		"\xff\xfe",
		"10-20x rw-p 0",
		"ffffffffffffffffffff-1 r 0 0 0 a",
		"Anonymous: -5",
		"Swap: 99999999999999999999999 kB",
	};
	struct smaps s = {0};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		smaps_line(&s, lines[i]);
	smaps_sort(&s);
	ck_assert_uint_eq(s.count, 0);
	feed(&s, "1000-2000 rw-p 0 00:00 0 [heap]\nRss: 99999999999999999999999 kB\nRss: junk\n");
	ck_assert_uint_eq(s.count, 1);
	ck_assert_int_eq(s.rows[0].rss, 0);
	smaps_release(&s);
}
END_TEST

START_TEST(rows_are_bounded_and_the_rest_is_summed)
{
	struct smaps s = {0};

	for (int i = 0; i < SMAPS_ROWS_MAX + 10; i++) {
		_cleanup_free_ char *line = text_format("%x000-%x000 r--p 0 00:00 1 /lib/%d",
							2 * i + 16, 2 * i + 17, i);

		smaps_line(&s, line);
		smaps_line(&s, "Rss: 4 kB");
	}
	smaps_sort(&s);
	ck_assert_uint_eq(s.count, SMAPS_ROWS_MAX);
	ck_assert_int_eq(s.rest.mappings, 10);
	ck_assert_int_eq(s.rest.rss, 10 * 4096);
	smaps_release(&s);
}
END_TEST

START_TEST(sums_stop_where_no_machine_goes)
{
#define MOST "Rss: 8796093022208 kB\nSwap: 8796093022208 kB\n"
	struct smaps s = {0};

	feed(&s, "1000-2000 rw-p 0 00:00 0 /a\n" MOST "3000-4000 rw-p 0 00:00 0 /a\n" MOST
		 "5000-6000 rw-p 0 00:00 0 /b\nRss: 8796093022209 kB\n"
		 "0-20000000000000 rw-p 0 00:00 0 /c\n0-20000000000001 rw-p 0 00:00 0 /d\n");
	ck_assert_uint_eq(s.count, 3);
	ck_assert_str_eq(s.rows[0].name, "/a");
	ck_assert_int_eq(s.rows[0].rss, SMAPS_BYTES_MAX);
	ck_assert_int_eq(s.rows[0].swap, SMAPS_BYTES_MAX);
	ck_assert_str_eq(s.rows[1].name, "/c");
	ck_assert_int_eq(s.rows[1].size, SMAPS_BYTES_MAX);
	ck_assert_str_eq(s.rows[2].name, "/b");
	ck_assert_int_eq(s.rows[2].rss, 0);
	smaps_release(&s);
}
END_TEST

START_TEST(a_name_of_any_length_is_cut)
{
	_cleanup_free_ char *name = xcalloc(1, 3 * SMAPS_NAME_MAX);
	_cleanup_free_ char *line = NULL;
	struct smaps s = {0};

	memset(name, 'x', 3 * SMAPS_NAME_MAX - 1);
	line = text_format("1000-2000 rw-p 0 00:00 0 /%s", name);
	smaps_line(&s, line);
	smaps_sort(&s);
	ck_assert_uint_eq(strlen(s.rows[0].name), SMAPS_NAME_MAX - 1);
	smaps_release(&s);
}
END_TEST

/* Whether this kernel (5.17 and later, CONFIG_ANON_VMA_NAME) gives memory names. */
static bool can_name(void *block, size_t bytes)
{
	return prctl(0x53564d41 /* PR_SET_VMA */, 0 /* PR_SET_VMA_ANON_NAME */, block, bytes,
		     "x") == 0;
}

static void read_own(struct smaps *s)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/smaps", "re");
	_cleanup_free_ char *line = NULL;
	size_t cap = 0;

	ck_assert_ptr_nonnull(f);
	while (getline(&line, &cap, f) > 0)
		smaps_line(s, line);
	smaps_sort(s);
}

START_TEST(memory_of_this_process_is_read_from_the_kernel)
{
	enum { bytes = 48 << 20 };
	const struct smaps_row *row;
	struct smaps s = {0};
	bool is_named;
	void *block;

	ck_assert_int_eq(os_mem_reserve(bytes, &block), 0);
	ck_assert_int_eq(os_mem_commit(block, bytes), 0);
	memset(block, 1, bytes);
	is_named = can_name(block, bytes);
	os_mem_name(block, bytes, "a b]\n(deleted)");
	read_own(&s);
	/* The largest of this process. */
	row = &s.rows[0];
	ck_assert_str_eq(row->name, is_named ? "[anon:a b__(deleted)]" : "");
	ck_assert_int_eq(row->mappings, 1);
	ck_assert(row->start <= (uintptr_t)block && row->end >= (uintptr_t)block + bytes);
	ck_assert_int_ge(row->rss, bytes);
	ck_assert_int_ge(row->anon, bytes);
	smaps_release(&s);
	os_mem_release(block, bytes);
}
END_TEST

static TCase *mappings(void)
{
	TCase *t = tcase_create("smaps");

	tcase_add_test(t, mappings_of_one_name_are_one_row);
	tcase_add_test(t, large_mappings_without_a_name_keep_their_row);
	tcase_add_test(t, what_is_no_smaps_is_skipped);
	tcase_add_test(t, rows_are_bounded_and_the_rest_is_summed);
	tcase_add_test(t, sums_stop_where_no_machine_goes);
	tcase_add_test(t, a_name_of_any_length_is_cut);
	tcase_add_test(t, memory_of_this_process_is_read_from_the_kernel);
	return t;
}

/* /proc/PID/task/TID/syscall */

static const struct {
	const char *line;
	struct thread_state state;
} states[] = {
	{"running", {.where = THREAD_RUNNING}},
	{"running\n", {.where = THREAD_RUNNING}},
	{"-1 0x7ffd40a0 0x55d0c1a2", {THREAD_IN_USER, -1, 0x7ffd40a0, 0x55d0c1a2}},
	{"202 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffd40a0 0x7f12\n",
	 {THREAD_IN_SYSCALL, 202, 0x7ffd40a0, 0x7f12}},
	{"0 0x0 0x0 0x0 0x0 0x0 0x0 0xffffffffffffffff 0x0", {THREAD_IN_SYSCALL, 0, UINT64_MAX, 0}},
	{"", {0}},
	{"\n", {0}},
	{"run", {0}},
	{"-2 0x1 0x2", {0}},
	{"-1", {0}},
	{"-1 ", {0}},
	{"-1 0x1", {0}},
	{"-1 0x 0x", {0}},
	{"-1 1 2", {0}},
	{"-1 0x1 0x2 0x3", {0}},
	{"202 0x1 0x2 0x3", {0}},
	{"202 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8 0x9", {0}},
	{"x 0x1 0x2", {0}},
	{"202 0x1 0xzz 0x3 0x4 0x5 0x6 0x7 0x8", {0}},
};

START_TEST(syscall_lines_are_read_or_refused_whole)
{
	const struct thread_state *expected = &states[_i].state;
	struct thread_state s;

	thread_state_parse(states[_i].line, &s);
	ck_assert_int_eq(s.where, expected->where);
	ck_assert_int_eq(s.syscall, expected->syscall);
	ck_assert_uint_eq(s.sp, expected->sp);
	ck_assert_uint_eq(s.pc, expected->pc);
}
END_TEST

START_TEST(a_state_is_read_below_any_proc)
{
	struct thread_state s;

	ck_assert_int_eq(io_make_dirs("proc/7/task/8"), 0);
	put_file("proc/7/task/8/syscall", "-1 0x10 0x20\n", 0600);
	thread_state_read("proc", 7, 8, &s);
	ck_assert_int_eq(s.where, THREAD_IN_USER);
	thread_state_read("proc", 7, 9, &s);
	ck_assert_int_eq(s.where, THREAD_UNKNOWN);
}
END_TEST

static TCase *threads(void)
{
	TCase *t = tcase_create("threads");

	tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
	tcase_add_loop_test(t, syscall_lines_are_read_or_refused_whole, 0, ARRAY_SIZE(states));
	tcase_add_test(t, a_state_is_read_below_any_proc);
	return t;
}

int main(void)
{
	TCase *const cases[] = {mappings(), threads()};

	return suite_run("smaps", cases, ARRAY_SIZE(cases));
}
