/* Who gets what came while the touch profile did not count every page. */
#include <string.h>

#include "profile/gap_estimator.h"
#include "suite.h"

#define MIB INT64_C(1048576)

static struct gap_estimator ticks;

static struct profile_row a, b, c;
static struct credits credits;

static void begin(struct gap_estimator estimator)
{
	ticks = estimator;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	memset(&c, 0, sizeof(c));
}

/* As all that an estimator answers, at once. */
static int64_t applied(int64_t answer)
{
	credits_apply(&credits);
	return answer;
}

static int64_t anon(const struct profile_row *row)
{
	return row->gained[RSS_ANON];
}

static int64_t explain(int64_t bytes)
{
	return applied(gap_estimator_explain(&ticks, 1, RSS_ANON, bytes, &credits));
}

static int64_t share(int64_t bytes, struct profile_row *own, struct profile_row *rest)
{
	const struct gap gap = {
		.pid = 1,
		.counter = RSS_ANON,
		.bytes = bytes,
		.most = 100 * MIB,
		.own = own,
		.rest = rest,
	};

	return applied(gap_estimator_share(&ticks, &gap, &credits));
}

static void add(int n, struct profile_row *row)
{
	while (n-- > 0)
		gap_estimator_add(&ticks, 1, RSS_ANON, row, 1, false);
}

START_TEST(growth_is_shared_among_ticks)
{
	begin((struct gap_estimator){0});
	add(6, &a);
	add(2, &b);
	gap_estimator_add(&ticks, 2, RSS_ANON, &c, 1, false);
	gap_estimator_add(&ticks, 1, RSS_SHMEM, &c, 1, false);
	ck_assert_int_eq(share(9 * MIB, &b, &b), 0);
	ck_assert_int_eq(anon(&a), 6 * MIB);
	ck_assert_int_eq(anon(&b), 3 * MIB);
	ck_assert_int_eq(anon(&c), 0);
	ck_assert_uint_eq(ticks.count, 2);
}
END_TEST

START_TEST(no_row_is_written_to_before_its_credits_are_applied)
{
	begin((struct gap_estimator){0});
	add(3, &a);
	add(1, &b);
	ck_assert_int_eq(gap_estimator_explain(&ticks, 1, RSS_ANON, 8 * MIB, &credits), 8 * MIB);
	ck_assert_int_eq(anon(&a) + anon(&b), 0);
	ck_assert_uint_eq(credits.count, 4);
	credits_add(&credits, NULL, RSS_ANON, MIB);
	credits_add(&credits, &a, RSS_FILE, 0);
	ck_assert_uint_eq(credits.count, 4);
	credits_apply(&credits);
	ck_assert_int_eq(anon(&a), 6 * MIB);
	ck_assert_int_eq(anon(&b), 2 * MIB);
	credits_apply(&credits);
	ck_assert_int_eq(anon(&a), 6 * MIB);
	credits_release(&credits);
	ck_assert_ptr_null(credits.items);
}
END_TEST

START_TEST(what_no_tick_can_have_brought_is_the_rest)
{
	begin((struct gap_estimator){.bytes = (double)MIB});
	add(4, &a);
	share(100 * MIB, &b, &c);
	ck_assert_int_eq(anon(&a) + anon(&b) + anon(&c), 100 * MIB);
	ck_assert_int_lt(anon(&a), 8 * MIB);
	ck_assert_int_gt(anon(&c), 90 * MIB);
	b.gained[RSS_ANON] = 0;
	share(5 * MIB, &b, &b);
	ck_assert_int_eq(anon(&b), 5 * MIB);
}
END_TEST

START_TEST(a_system_call_counts_where_memory_came)
{
	begin((struct gap_estimator){0});
	add(1, &a);
	gap_estimator_add(&ticks, 1, RSS_ANON, &b, 1, true);
	gap_estimator_add(&ticks, 1, RSS_ANON, &c, 1, true);
	share(3 * MIB, &c, &c);
	ck_assert_int_eq(anon(&b), 0);
	ck_assert_int_eq(anon(&a), MIB);
	ck_assert_int_eq(anon(&c), 2 * MIB);
}
END_TEST

START_TEST(what_shrank_had_grown_before)
{
	begin((struct gap_estimator){.bytes = (double)MIB});
	add(4, &a);
	ck_assert_int_eq(share(-10 * MIB, &b, &b), 14 * MIB);
	ck_assert_int_eq(anon(&a), 4 * MIB);
	ck_assert_int_eq(anon(&b), 0);
	ck_assert_int_eq(share(-10 * MIB, &b, &b), 10 * MIB);
}
END_TEST

START_TEST(places_that_alternate_are_noticed)
{
	begin((struct gap_estimator){0});
	add(8, &a);
	share(9 * MIB, &a, &a);
	ck_assert(ticks.mixed_part <= 0);
	add(4, &a);
	add(4, &b);
	share(9 * MIB, &a, &a);
	ck_assert(ticks.mixed_part > 0.2);
}
END_TEST

START_TEST(what_was_read_is_explained_by_ticks_alone)
{
	begin((struct gap_estimator){0});
	add(3, &a);
	add(1, &b);
	ck_assert_int_eq(explain(8 * MIB), 8 * MIB);
	ck_assert_int_eq(anon(&a), 6 * MIB);
	ck_assert_int_eq(anon(&b), 2 * MIB);
	ck_assert_int_eq(explain(8 * MIB), 0);
	/* 2 MiB a tick are usual. */
	add(2, &a);
	ck_assert_int_lt(explain(100 * MIB), 8 * MIB);
	ck_assert_int_gt(anon(&a), 8 * MIB);
}
END_TEST

START_TEST(a_tick_counts_by_its_weight)
{
	begin((struct gap_estimator){0});
	gap_estimator_add(&ticks, 1, RSS_ANON, &a, 2, false);
	gap_estimator_add(&ticks, 1, RSS_ANON, &b, 0.5, false);
	explain(5 * MIB);
	ck_assert_int_eq(anon(&a), 4 * MIB);
	ck_assert_int_eq(anon(&b), MIB);
	gap_estimator_add(&ticks, 1, RSS_ANON, &a, 2, false);
	share(12 * MIB, &b, &b); /* the sample is as good as one more */
	ck_assert_int_eq(anon(&a), 10 * MIB);
	ck_assert_int_eq(anon(&b), 7 * MIB);
}
END_TEST

START_TEST(gaps_of_one_tick_tell_together)
{
	begin((struct gap_estimator){.mixed_part = 0.3});
	for (int i = 0; i < 30; i++) {
		add(1, &a);
		explain(MIB);
	}
	ck_assert(ticks.mixed_part < 0.1);
	for (int i = 0; i < 9; i++) {
		add(1, i % 2 ? &b : &a);
		explain(MIB);
	}
	ck_assert(ticks.mixed_part > 0.3);
}
END_TEST

START_TEST(too_many_ticks_are_left_out)
{
	begin((struct gap_estimator){0});
	add(TICKS_MAX + 10, &a);
	ck_assert_uint_eq(ticks.count, TICKS_MAX);
	ck_assert_int_eq(applied(gap_estimator_end(&ticks, 1, RSS_ANON, 2, &credits)),
			 2 * TICKS_MAX);
	ck_assert_int_eq(anon(&a), 2 * TICKS_MAX);
	ck_assert_uint_eq(ticks.count, 0);
}
END_TEST

static TCase *tests(void)
{
	TCase *tcase = tcase_create("gap_estimator");

	tcase_add_test(tcase, growth_is_shared_among_ticks);
	tcase_add_test(tcase, no_row_is_written_to_before_its_credits_are_applied);
	tcase_add_test(tcase, what_no_tick_can_have_brought_is_the_rest);
	tcase_add_test(tcase, a_system_call_counts_where_memory_came);
	tcase_add_test(tcase, what_shrank_had_grown_before);
	tcase_add_test(tcase, places_that_alternate_are_noticed);
	tcase_add_test(tcase, what_was_read_is_explained_by_ticks_alone);
	tcase_add_test(tcase, a_tick_counts_by_its_weight);
	tcase_add_test(tcase, gaps_of_one_tick_tell_together);
	tcase_add_test(tcase, too_many_ticks_are_left_out);
	return tcase;
}

int main(void)
{
	TCase *const cases[] = {tests()};

	return suite_run("gap_estimator", cases, 1);
}
