/* When the touch profile counts every page. */
#include <string.h>

#include "base/cleanup.h"
#include "profile/sampling_duty.h"
#include "suite.h"

#define MS	     UINT64_C(1000000)
#define MIB	     INT64_C(1048576)
#define CREDIT_BYTES (DUTY_CREDIT * INT64_C(4096))

static struct sampling_duty duty;
static struct sampling_duty_seen seen;

static void begin(void)
{
	duty = (struct sampling_duty){0};
	seen = (struct sampling_duty_seen){.t_ns = 1000 * MS, .headroom = INT64_MAX};
	sampling_duty_step(&duty, &seen);
}

/* So many pages in so long; counted by the tracepoint only while it is on. */
static void go_on(uint64_t ns, int64_t pages)
{
	seen.t_ns += ns;
	seen.bytes += pages * 4096;
	seen.pages += sampling_duty_is_on(&duty) ? (uint64_t)pages : 0;
	seen.small += sampling_duty_is_on(&duty) ? 0 : pages * 4096;
	sampling_duty_step(&duty, &seen);
}

/* 2 GiB a second. */
static void grow_to(int64_t bytes)
{
	while (seen.bytes < bytes)
		go_on(MS, 512);
}

/* Of that size, and off. */
static void grow_to_gap(int64_t bytes)
{
	grow_to(bytes);
	while (sampling_duty_is_on(&duty))
		go_on(DUTY_LOOK_NS, 150);
}

START_TEST(few_pages_are_always_counted)
{
	begin();
	for (int i = 0; i < 10000; i++) {
		go_on(10 * MS, 80);
		ck_assert(sampling_duty_is_on(&duty));
		ck_assert_uint_eq(sampling_duty_wait_ns(&duty), 0);
	}
}
END_TEST

START_TEST(the_first_of_many_are_all_counted)
{
	begin();
	grow_to(CREDIT_BYTES - 4 * MIB);
	ck_assert(sampling_duty_is_on(&duty));
	grow_to_gap(CREDIT_BYTES + 16 * MIB);
	ck_assert_int_lt(seen.bytes, CREDIT_BYTES + 36 * MIB);
}
END_TEST

static uint64_t gap_ns(void)
{
	return duty.until_ns - duty.began.t_ns;
}

START_TEST(gaps_grow_with_what_is_there_and_are_bounded)
{
	uint64_t first;

	begin();
	grow_to_gap(CREDIT_BYTES + 16 * MIB);
	first = gap_ns();
	ck_assert_uint_ge(first, DUTY_GAP_LEAST_NS);
	ck_assert_uint_le(first, 4 * MS);
	grow_to_gap(4096 * MIB);
	ck_assert_uint_gt(gap_ns(), first * 4);
	ck_assert_uint_le(gap_ns(), DUTY_GAP_MOST_NS);
}
END_TEST

/* To the end of the gap, by what was read then. */
static void end_gap(int64_t pages)
{
	uint64_t wait = sampling_duty_wait_ns(&duty);

	ck_assert(!sampling_duty_is_due(&duty, seen.t_ns + wait - 1));
	ck_assert(sampling_duty_is_due(&duty, seen.t_ns + wait));
	go_on(wait - 1, 0);
	ck_assert(!sampling_duty_is_on(&duty));
	go_on(1, pages);
}

START_TEST(some_gaps_end_with_a_look)
{
	int gaps = 0, looks = 0;

	begin();
	grow_to_gap(CREDIT_BYTES + 16 * MIB);
	for (; gaps < 4 * DUTY_GAPS_A_LOOK; gaps++) {
		end_gap(1000);
		if (!sampling_duty_is_on(&duty))
			continue;
		looks++;
		ck_assert_uint_eq(sampling_duty_wait_ns(&duty), DUTY_LOOK_NS);
		go_on(DUTY_LOOK_NS, 150);
		ck_assert(!sampling_duty_is_on(&duty));
	}
	ck_assert_int_eq(looks, 4);
}
END_TEST

START_TEST(what_is_unclear_is_looked_at)
{
	begin();
	grow_to_gap(CREDIT_BYTES + 16 * MIB);
	duty.gaps = 0;
	seen.is_unclear = true;
	end_gap(1000);
	ck_assert(sampling_duty_is_on(&duty));
	ck_assert_uint_eq(sampling_duty_wait_ns(&duty), DUTY_LOOK_NS);
	seen.is_unclear = false;
	go_on(DUTY_LOOK_NS, 150);
	end_gap(1000);
	ck_assert(!sampling_duty_is_on(&duty));
}
END_TEST

/* What was not read yet is no rest: the pace of before is kept. */
START_TEST(the_pace_is_kept_within_a_gap)
{
	double rate;

	begin();
	grow_to_gap(CREDIT_BYTES + 16 * MIB);
	rate = sampling_duty_bytes(&duty, 1);
	for (int i = 0; i < 4; i++)
		go_on(sampling_duty_wait_ns(&duty) / 2, 0);
	ck_assert(!sampling_duty_is_on(&duty));
	ck_assert_double_eq(sampling_duty_bytes(&duty, 1), rate);
}
END_TEST

START_TEST(who_comes_to_rest_is_always_counted_again)
{
	begin();
	grow_to_gap(CREDIT_BYTES + 16 * MIB);
	for (int i = 0; i < 3 && sampling_duty_wait_ns(&duty); i++)
		go_on(sampling_duty_wait_ns(&duty), 0);
	ck_assert(sampling_duty_is_on(&duty));
	ck_assert_uint_eq(sampling_duty_wait_ns(&duty), 0);
}
END_TEST

START_TEST(near_the_limit_all_are_counted)
{
	begin();
	seen.headroom = 16 * MIB;
	grow_to(200 * MIB);
	ck_assert(sampling_duty_is_on(&duty));
	ck_assert_uint_eq(sampling_duty_wait_ns(&duty), 0);
	seen.headroom = INT64_MAX;
	grow_to(210 * MIB);
	seen.headroom = 0;
	while (!sampling_duty_is_on(&duty))
		go_on(sampling_duty_wait_ns(&duty), 10);
	for (int i = 0; i < 10; i++)
		go_on(MS, 512);
	ck_assert(sampling_duty_is_on(&duty));
	ck_assert_uint_eq(sampling_duty_wait_ns(&duty), 0);
}
END_TEST

START_TEST(copies_are_always_counted)
{
	begin();
	grow_to(100 * MIB);
	seen.is_delicate = true;
	go_on(1, 0);
	ck_assert(sampling_duty_is_on(&duty));
	grow_to(200 * MIB);
	ck_assert(sampling_duty_is_on(&duty));
	seen.is_delicate = false;
	go_on(MS, 512);
	ck_assert(!sampling_duty_is_on(&duty));
}
END_TEST

START_TEST(a_clock_that_goes_back_changes_nothing)
{
	begin();
	grow_to_gap(CREDIT_BYTES + 16 * MIB);
	seen.t_ns -= 500 * MS;
	sampling_duty_step(&duty, &seen);
	ck_assert(!sampling_duty_is_on(&duty));
	ck_assert_uint_le(sampling_duty_wait_ns(&duty), DUTY_GAP_MOST_NS);
}
END_TEST

static TCase *tests(void)
{
	TCase *tcase = tcase_create("sampling_duty");

	tcase_add_test(tcase, few_pages_are_always_counted);
	tcase_add_test(tcase, the_first_of_many_are_all_counted);
	tcase_add_test(tcase, gaps_grow_with_what_is_there_and_are_bounded);
	tcase_add_test(tcase, some_gaps_end_with_a_look);
	tcase_add_test(tcase, what_is_unclear_is_looked_at);
	tcase_add_test(tcase, the_pace_is_kept_within_a_gap);
	tcase_add_test(tcase, who_comes_to_rest_is_always_counted_again);
	tcase_add_test(tcase, near_the_limit_all_are_counted);
	tcase_add_test(tcase, copies_are_always_counted);
	tcase_add_test(tcase, a_clock_that_goes_back_changes_nothing);
	return tcase;
}

int main(void)
{
	TCase *const cases[] = {tests()};

	return suite_run("sampling_duty", cases, 1);
}
