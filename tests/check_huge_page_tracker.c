/* Huge pages among small ones: who got them, when they are watched, what no sample came after. */
#include <string.h>

#include "profile/huge_page_tracker.h"
#include "suite.h"

#define MIB  (INT64_C(1) << 20)
#define HUGE (2 * MIB)

static struct huge_page_tracker huge;
static struct profile_row a, b;
static struct credits credits;

static void begin(void)
{
	memset(&huge, 0, sizeof(huge));
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	huge_page_tracker_open(&huge);
}

static uint64_t now_ns;

static void add_by(pid_t pid, pid_t tid, struct profile_row *row)
{
	const struct perf_event event = {.pid = pid, .tid = tid, .t_ns = ++now_ns, .len = HUGE};

	huge_page_tracker_add(&huge, &event, row);
}

static void add(pid_t pid, struct profile_row *row)
{
	add_by(pid, pid, row);
}

static int64_t take_by(pid_t pid, pid_t tid, enum rss_counter counter, int64_t bytes,
		       uint64_t pages)
{
	const struct perf_event event = {
		.pid = pid, .tid = tid, .t_ns = ++now_ns, .counter = counter};

	int64_t given = huge_page_tracker_take(&huge, &event, bytes, pages, &credits);

	credits_apply(&credits);
	return given;
}

static int64_t end(pid_t pid, int64_t missing)
{
	int64_t given = huge_page_tracker_end(&huge, pid, missing, &credits);

	credits_apply(&credits);
	return given;
}

static int64_t take(pid_t pid, int64_t bytes)
{
	return take_by(pid, pid, RSS_ANON, bytes, UINT64_MAX);
}

START_TEST(each_is_its_own_lines)
{
	begin();
	add(1, &a);
	add(1, &b);
	add(2, &b);
	add(1, &a);
	ck_assert_int_eq(take(1, 7 * MIB), 6 * MIB);
	ck_assert_int_eq(a.gained[RSS_ANON], 4 * MIB);
	ck_assert_int_eq(b.gained[RSS_ANON], 2 * MIB);
	/* They are given once. */
	ck_assert_int_eq(take(1, 7 * MIB), 0);
	ck_assert_int_eq(take_by(2, 2, RSS_SHMEM, HUGE, 1), HUGE);
	ck_assert_int_eq(b.gained[RSS_SHMEM], HUGE);
}
END_TEST

/* Two threads clear a huge page each, of which one is mapped already. */
START_TEST(a_page_is_mapped_when_its_thread_says_so)
{
	begin();
	add_by(1, 11, &a);
	add_by(1, 12, &b);
	ck_assert_int_eq(take_by(1, 12, RSS_ANON, HUGE, 1), HUGE);
	ck_assert_int_eq(a.gained[RSS_ANON], 0);
	ck_assert_int_eq(b.gained[RSS_ANON], HUGE);
	ck_assert_int_eq(take_by(1, 12, RSS_ANON, 4096, 1), 0);
	ck_assert_int_eq(take_by(1, 11, RSS_ANON, HUGE, 1), HUGE);
	ck_assert_int_eq(a.gained[RSS_ANON], HUGE);
	/* Where there was but one event it was the thread's own, watched or not. */
	add_by(1, 11, &a);
	ck_assert_int_eq(take_by(1, 12, RSS_ANON, HUGE, 1), 0);
	ck_assert_int_eq(take_by(1, 11, RSS_ANON, HUGE, 1), HUGE);
	a.gained[RSS_ANON] = HUGE;
	/* Another's sample tells of it, too, where the process has grown by as much. */
	add_by(1, 11, &a);
	ck_assert_int_eq(take_by(1, 12, RSS_ANON, HUGE + 4096, 2), HUGE);
	ck_assert_int_eq(a.gained[RSS_ANON], 2 * HUGE);
	/* What is never mapped is forgotten. */
	add_by(1, 11, &a);
	now_ns += HUGE_SETTLE_NS;
	ck_assert_int_eq(take_by(1, 12, RSS_ANON, 0, 1), 0);
	ck_assert_uint_eq(huge.count, 0);
}
END_TEST

START_TEST(no_more_is_given_than_the_process_grew)
{
	begin();
	add(1, &a);
	add(1, &b);
	ck_assert_int_eq(take(1, 4096 * 3 + 1), 4096 * 3 + 1);
	ck_assert_int_eq(a.gained[RSS_ANON] + b.gained[RSS_ANON], 4096 * 3 + 1);
	/* Pages of a file, or already given back. */
	add(1, &a);
	ck_assert_int_eq(take(1, 0), 0);
	add(1, &a);
	ck_assert_int_eq(take(1, -5 * MIB), 0);
	ck_assert_int_eq(take(1, HUGE), 0);
	ck_assert_uint_eq(huge.count, 0);
}
END_TEST

START_TEST(what_no_sample_came_after)
{
	begin();
	ck_assert_int_eq(end(1, 9 * MIB), 0);
	add(1, &a);
	ck_assert_int_eq(end(1, -1), HUGE);
	ck_assert_int_eq(a.gained[RSS_ANON], HUGE);
	/* Those before the first were not told of. */
	add(1, &a);
	ck_assert_int_eq(end(1, 3 * MIB), 3 * MIB);
	ck_assert_int_eq(a.gained[RSS_ANON], 5 * MIB);
	add(1, &a);
	ck_assert_int_eq(end(1, 900 * MIB), 2 * HUGE);
	add(1, &a);
	ck_assert_int_eq(end(1, 0), 0);
	ck_assert_int_eq(a.gained[RSS_ANON], 9 * MIB);
}
END_TEST

START_TEST(pending_pages_are_bounded)
{
	begin();
	for (int i = 0; i < HUGE_PENDING_MAX + 5; i++)
		add(1, &a);
	ck_assert_int_eq(take(1, INT64_MAX), HUGE_PENDING_MAX * HUGE);
}
END_TEST

START_TEST(small_pages_are_no_suspects)
{
	ck_assert(!huge_page_tracker_is_suspect(100 * 4096, 100));
	ck_assert(!huge_page_tracker_is_suspect(-MIB, 1));
	ck_assert(!huge_page_tracker_is_suspect(MIB, 1));
	ck_assert(huge_page_tracker_is_suspect(HUGE, 1));
	ck_assert(huge_page_tracker_is_suspect(HUGE + 100 * 4096, 101));
	ck_assert(!huge_page_tracker_is_suspect(INT64_MAX, UINT64_MAX));
}
END_TEST

/* With 1 ms a step. */
static void steps(int count, uint64_t pages)
{
	for (int i = 0; i < count; i++)
		huge_page_tracker_step(&huge, pages, 1000000);
}

START_TEST(it_is_off_while_many_small_pages_come)
{
	begin();
	ck_assert_uint_eq(huge_page_tracker_wait_ns(&huge), 0);
	steps(1000, HUGE_FEW_A_SECOND / 1000);
	ck_assert(!huge.is_off);
	steps(10, 1000);
	ck_assert(!huge.is_off);
	steps(10, 1000);
	ck_assert(huge.is_off);
	ck_assert_uint_eq(huge_page_tracker_wait_ns(&huge), HUGE_WAIT_NS);
	/* Short pauses do not count. */
	steps(1, 0);
	ck_assert(huge.is_off);
	huge_page_tracker_step(&huge, 0, HUGE_WAIT_NS);
	ck_assert(!huge.is_off);
	steps(1, HUGE_CREDIT_BACK + 100);
	ck_assert(huge.is_off);
	huge_page_tracker_suspect(&huge);
	steps(1, 1000);
	ck_assert(!huge.is_off);
	steps(10, 1000);
	ck_assert(!huge.is_off);
}
END_TEST

START_TEST(it_stays_on_while_huge_pages_come)
{
	begin();
	for (int i = 0; i < 1000; i++) {
		add(1, &a);
		take(1, HUGE);
		steps(10, 1000);
		ck_assert(!huge.is_off);
	}
	steps(20, 1000);
	ck_assert(huge.is_off);
}
END_TEST

static TCase *tests(void)
{
	TCase *const tcase = tcase_create("huge_page_tracker");

	tcase_add_test(tcase, each_is_its_own_lines);
	tcase_add_test(tcase, a_page_is_mapped_when_its_thread_says_so);
	tcase_add_test(tcase, no_more_is_given_than_the_process_grew);
	tcase_add_test(tcase, what_no_sample_came_after);
	tcase_add_test(tcase, pending_pages_are_bounded);
	tcase_add_test(tcase, small_pages_are_no_suspects);
	tcase_add_test(tcase, it_is_off_while_many_small_pages_come);
	tcase_add_test(tcase, it_stays_on_while_huge_pages_come);
	return tcase;
}

int main(void)
{
	TCase *const cases[] = {tests()};

	return suite_run("huge_page_tracker", cases, sizeof(cases) / sizeof(cases[0]));
}
