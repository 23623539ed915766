/*
 * check_expectations.c - the verdict: expectations met, missed, and those of which nothing is
 * known.
 */
#include "suite.h"
#include "verdict_helpers.h"

#define EXPECT(members) add("{\"ev\":\"spec\",\"name\":\"s\",\"expect\":{" members "}}")

static void killed_run(void)
{
	oom(OWN, OWN, TARGET);
	target_ended(SIGKILLED);
	add("{\"ev\":\"sample\",\"t\":3,\"current\":33000000,\"peak\":33554432}");
	counted(0, 1, 1);
}

static void assert_check(size_t i, const char *what, const char *expected, const char *found)
{
	ck_assert_uint_lt(i, conclusion.check_count);
	ck_assert_str_eq(conclusion.checks[i].what, what);
	ck_assert_str_eq(conclusion.checks[i].expected, expected);
	ck_assert_str_eq(conclusion.checks[i].found, found);
}

START_TEST(all_expectations_met_is_pass_with_both_sides)
{
	EXPECT("\"outcome\":\"oom_killed\",\"constraint\":\"MEMCG\",\"victim\":\"self\","
	       "\"oom_kill\":{\"min\":1,\"max\":1},\"peak_bytes\":{\"min\":33000000}");
	killed_run();
	end();
	ck_assert_int_eq(conclusion.verdict, VERDICT_PASS);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 0);
	ck_assert_uint_eq(conclusion.check_count, 5);
	assert_check(0, "outcome", "oom_killed", "oom_killed");
	assert_check(1, "constraint", "MEMCG", "MEMCG");
	assert_check(2, "victim", "self", "self");
	assert_check(3, "memory.events oom_kill", "1", "1");
	assert_check(4, "memory.peak", "at least 31.5 MiB", "32 MiB");
}
END_TEST

static const char *const wrong[] = {
	"\"outcome\":\"survived\"",
	"\"constraint\":\"NONE\"",
	"\"victim\":\"child\"",
	"\"victim\":\"nobody\"",
	"\"oom_kill\":{\"min\":0,\"max\":0}",
	"\"oom_kill\":{\"min\":2}",
	"\"peak_bytes\":{\"min\":0,\"max\":33554431}",
	"\"peak_bytes\":{\"min\":33554433}",
};

START_TEST(one_expectation_missed_is_fail)
{
	add("{\"ev\":\"spec\",\"name\":\"s\",\"expect\":{%s}}", wrong[_i]);
	killed_run();
	end();
	ck_assert_msg(conclusion.verdict == VERDICT_FAIL, "%s", wrong[_i]);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 1);
}
END_TEST

START_TEST(what_is_not_known_is_broken_not_fail)
{
	EXPECT("\"outcome\":\"oom_killed\",\"rss_bytes\":{\"min\":1}");
	killed_run();
	end();
	ck_assert_int_eq(conclusion.verdict, VERDICT_BROKEN);
	assert_check(1, "RSS at the checkpoint", "at least 0 KiB", "not known");
}
END_TEST

static TCase *expectations(void)
{
	TCase *t = tcase_create("expectations");

	tcase_add_checked_fixture(t, begin, finish);
	tcase_add_test(t, all_expectations_met_is_pass_with_both_sides);
	tcase_add_loop_test(t, one_expectation_missed_is_fail, 0, (int)ARRAY_SIZE(wrong));
	tcase_add_test(t, what_is_not_known_is_broken_not_fail);
	return t;
}

int main(void)
{
	TCase *const cases[] = {expectations()};

	return suite_run("expectations", cases, ARRAY_SIZE(cases));
}
