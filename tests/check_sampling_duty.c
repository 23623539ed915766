/* When the touch profile counts every page, and who gets what came while it did not. */
#include <string.h>

#include "base/cleanup.h"
#include "profile/extra_probes.h"
#include "profile/gap_estimator.h"
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
	seen = (struct sampling_duty_seen){.t_ns = 1000 * MS, .room = INT64_MAX};
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

START_TEST(gaps_grow_with_what_is_there_and_are_bounded)
{
	uint64_t first;

	begin();
	grow_to_gap(CREDIT_BYTES + 16 * MIB);
	first = sampling_duty_gap_ns(&duty);
	ck_assert_uint_ge(first, DUTY_GAP_LEAST_NS);
	ck_assert_uint_le(first, 4 * MS);
	grow_to_gap(4096 * MIB);
	ck_assert_uint_gt(sampling_duty_gap_ns(&duty), first * 4);
	ck_assert_uint_le(sampling_duty_gap_ns(&duty), DUTY_GAP_MOST_NS);
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
	seen.room = 16 * MIB;
	grow_to(200 * MIB);
	ck_assert(sampling_duty_is_on(&duty));
	ck_assert_uint_eq(sampling_duty_wait_ns(&duty), 0);
	seen.room = INT64_MAX;
	grow_to(210 * MIB);
	seen.room = 0;
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

static struct gap_estimator ticks;

static int64_t share(int64_t bytes, int64_t *own, int64_t *rest)
{
	const struct gap gap = {
		.pid = 1,
		.counter = RSS_ANON,
		.bytes = bytes,
		.most = 100 * MIB,
		.own = own,
		.rest = rest,
	};

	return gap_estimator_share(&ticks, &gap);
}

static void add(int n, int64_t *to)
{
	while (n-- > 0)
		gap_estimator_add(&ticks, 1, RSS_ANON, to, 1, false);
}

START_TEST(growth_is_shared_among_ticks)
{
	int64_t a = 0, b = 0, other = 0;

	ticks = (struct gap_estimator){0};
	add(6, &a);
	add(2, &b);
	gap_estimator_add(&ticks, 2, RSS_ANON, &other, 1, false);
	gap_estimator_add(&ticks, 1, RSS_SHMEM, &other, 1, false);
	ck_assert_int_eq(share(9 * MIB, &b, &b), 0);
	ck_assert_int_eq(a, 6 * MIB);
	ck_assert_int_eq(b, 3 * MIB);
	ck_assert_int_eq(other, 0);
	ck_assert_uint_eq(ticks.count, 2);
}
END_TEST

START_TEST(what_no_tick_can_have_brought_is_the_rest)
{
	int64_t a = 0, own = 0, rest = 0;

	ticks = (struct gap_estimator){.bytes = (double)MIB};
	add(4, &a);
	share(100 * MIB, &own, &rest);
	ck_assert_int_eq(a + own + rest, 100 * MIB);
	ck_assert_int_lt(a, 8 * MIB);
	ck_assert_int_gt(rest, 90 * MIB);
	own = 0;
	share(5 * MIB, &own, &own);
	ck_assert_int_eq(own, 5 * MIB);
}
END_TEST

START_TEST(a_system_call_counts_where_memory_came)
{
	int64_t populated = 0, quiet = 0, own = 0;

	ticks = (struct gap_estimator){0};
	add(1, &own);
	gap_estimator_add(&ticks, 1, RSS_ANON, &quiet, 1, true);
	gap_estimator_add(&ticks, 1, RSS_ANON, &populated, 1, true);
	share(3 * MIB, &populated, &populated);
	ck_assert_int_eq(quiet, 0);
	ck_assert_int_eq(own, MIB);
	ck_assert_int_eq(populated, 2 * MIB);
}
END_TEST

START_TEST(what_shrank_had_grown_before)
{
	int64_t a = 0, own = 0;

	ticks = (struct gap_estimator){.bytes = (double)MIB};
	add(4, &a);
	ck_assert_int_eq(share(-10 * MIB, &own, &own), 14 * MIB);
	ck_assert_int_eq(a, 4 * MIB);
	ck_assert_int_eq(own, 0);
	ck_assert_int_eq(share(-10 * MIB, &own, &own), 10 * MIB);
}
END_TEST

START_TEST(places_that_alternate_are_noticed)
{
	int64_t a = 0, b = 0;

	ticks = (struct gap_estimator){0};
	add(8, &a);
	share(9 * MIB, &a, &a);
	ck_assert(ticks.is_mixed <= 0);
	add(4, &a);
	add(4, &b);
	share(9 * MIB, &a, &a);
	ck_assert(ticks.is_mixed > 0.2);
}
END_TEST

START_TEST(what_was_read_is_explained_by_ticks_alone)
{
	int64_t a = 0, b = 0;

	ticks = (struct gap_estimator){0};
	add(3, &a);
	add(1, &b);
	ck_assert_int_eq(gap_estimator_explain(&ticks, 1, RSS_ANON, 8 * MIB), 8 * MIB);
	ck_assert_int_eq(a, 6 * MIB);
	ck_assert_int_eq(b, 2 * MIB);
	ck_assert_int_eq(gap_estimator_explain(&ticks, 1, RSS_ANON, 8 * MIB), 0);
	/* 2 MiB a tick are usual. */
	add(2, &a);
	ck_assert_int_lt(gap_estimator_explain(&ticks, 1, RSS_ANON, 100 * MIB), 8 * MIB);
	ck_assert_int_gt(a, 8 * MIB);
}
END_TEST

START_TEST(the_time_of_a_tick_is_its_weight)
{
	int64_t a = 0, b = 0;

	ticks = (struct gap_estimator){0};
	gap_estimator_add(&ticks, 1, RSS_ANON, &a, 2, false);
	gap_estimator_add(&ticks, 1, RSS_ANON, &b, 0.5, false);
	gap_estimator_explain(&ticks, 1, RSS_ANON, 5 * MIB);
	ck_assert_int_eq(a, 4 * MIB);
	ck_assert_int_eq(b, MIB);
	gap_estimator_add(&ticks, 1, RSS_ANON, &a, 2, false);
	share(12 * MIB, &b, &b); /* the sample is as good as one more */
	ck_assert_int_eq(a, 10 * MIB);
	ck_assert_int_eq(b, 7 * MIB);
}
END_TEST

START_TEST(gaps_of_one_tick_tell_together)
{
	int64_t a = 0, b = 0;

	ticks = (struct gap_estimator){.is_mixed = 0.3};
	for (int i = 0; i < 30; i++) {
		add(1, &a);
		gap_estimator_explain(&ticks, 1, RSS_ANON, MIB);
	}
	ck_assert(ticks.is_mixed < 0.1);
	for (int i = 0; i < 9; i++) {
		add(1, i % 2 ? &b : &a);
		gap_estimator_explain(&ticks, 1, RSS_ANON, MIB);
	}
	ck_assert(ticks.is_mixed > 0.3);
}
END_TEST

static const struct extra_probe two_processes[] = {
	{.kind = EXTRA_FAULT, .id = 11, .owner = 100},
	{.kind = EXTRA_FAULT, .id = 12, .owner = 100},
	{.kind = EXTRA_FAULT, .id = 21, .owner = 200},
	{.kind = EXTRA_HUGE, .id = 31, .owner = 300},
};

START_TEST(who_has_an_event_of_its_own_is_not_told_of_twice)
{
	struct extra_probe events[ARRAY_SIZE(two_processes)];
	const struct extra_probes extras = {.events = events, .count = ARRAY_SIZE(events)};

	memcpy(events, two_processes, sizeof(events));
	ck_assert(!extra_probes_is_twice(&extras, 11, 100));
	ck_assert(!extra_probes_is_twice(&extras, 12, 100));
	ck_assert(extra_probes_is_twice(&extras, 11, 200));
	ck_assert(!extra_probes_is_twice(&extras, 21, 200));
	/* It has it from who forked it, and none that is its own; or one of another kind. */
	ck_assert(!extra_probes_is_twice(&extras, 21, 201));
	ck_assert(!extra_probes_is_twice(&extras, 11, 300));
	ck_assert(!extra_probes_is_twice(&extras, 99, 200));
}
END_TEST

START_TEST(too_many_ticks_are_left_out)
{
	int64_t a = 0;

	ticks = (struct gap_estimator){0};
	add(TICKS_MAX + 10, &a);
	ck_assert_uint_eq(ticks.count, TICKS_MAX);
	ck_assert_int_eq(gap_estimator_end(&ticks, 1, RSS_ANON, 2), 2 * TICKS_MAX);
	ck_assert_int_eq(a, 2 * TICKS_MAX);
	ck_assert_uint_eq(ticks.count, 0);
}
END_TEST

static TCase *tests(void)
{
	TCase *tcase = tcase_create("touch_duty");

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
	tcase_add_test(tcase, growth_is_shared_among_ticks);
	tcase_add_test(tcase, what_no_tick_can_have_brought_is_the_rest);
	tcase_add_test(tcase, a_system_call_counts_where_memory_came);
	tcase_add_test(tcase, what_shrank_had_grown_before);
	tcase_add_test(tcase, places_that_alternate_are_noticed);
	tcase_add_test(tcase, what_was_read_is_explained_by_ticks_alone);
	tcase_add_test(tcase, the_time_of_a_tick_is_its_weight);
	tcase_add_test(tcase, gaps_of_one_tick_tell_together);
	tcase_add_test(tcase, who_has_an_event_of_its_own_is_not_told_of_twice);
	tcase_add_test(tcase, too_many_ticks_are_left_out);
	return tcase;
}

int main(void)
{
	TCase *const cases[] = {tests()};

	return suite_run("touch_duty", cases, 1);
}
