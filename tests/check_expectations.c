/*
 * check_expectations.c - the verdict: expectations met, missed, and those of which nothing is
 * known.
 */
#include "record/checks.h"
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

static void node_counted(void)
{
	add("{\"ev\":\"cgroup_seen\",\"t\":4,\"path\":\"" OWN
	    "/a/b\",\"memory_max\":\"max\",\"events\":{\"oom\":1,\"oom_kill\":1},"
	    "\"local\":{\"oom\":0,\"oom_kill\":1}}");
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
	"\"scope\":\"ancestor\"",
	"\"victims\":[{\"comm\":\"hog\",\"count\":{\"min\":0,\"max\":0}}]",
	"\"victims\":[{\"comm\":\"other\",\"count\":{\"min\":1}}]",
	"\"nodes\":[{\"node\":\"a/b\",\"counter\":\"oom\",\"count\":{\"min\":1}}]",
};

START_TEST(one_expectation_missed_is_fail)
{
	add("{\"ev\":\"spec\",\"name\":\"s\",\"expect\":{%s}}", wrong[_i]);
	killed_run();
	node_counted();
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

#define OTHERS                                                                        \
	"\"scope\":\"own\",\"victims\":[{\"comm\":\"hog\",\"count\":{\"min\":1,\"max\":1}}," \
	"{\"comm\":\"spared\",\"count\":{\"min\":0,\"max\":0}}],"                         \
	"\"nodes\":[{\"node\":\"a/b\",\"counter\":\"oom_kill\",\"count\":{\"min\":1}}]"

START_TEST(scope_victims_and_nodes_are_compared)
{
	EXPECT(OTHERS);
	killed_run();
	node_counted();
	end();
	ck_assert_int_eq(conclusion.verdict, VERDICT_PASS);
	assert_check(0, "scope", "own", "own");
	assert_check(1, "killed, of name hog", "1", "1");
	assert_check(2, "killed, of name spared", "0", "0");
	assert_check(3, "a/b: memory.events.local oom_kill", "at least 1", "1");
}
END_TEST

/* The counter knows of a kill that no line tells of, and nobody has read the node. */
START_TEST(victims_and_nodes_that_were_not_seen_are_not_known)
{
	EXPECT(OTHERS);
	target_ended(SIGKILLED);
	add("{\"ev\":\"sample\",\"t\":3,\"current\":33000000,\"peak\":33554432}");
	counted(0, 1, 1);
	end();
	ck_assert_int_eq(conclusion.verdict, VERDICT_BROKEN);
	assert_check(2, "killed, of name spared", "0", "not known");
	assert_check(3, "a/b: memory.events.local oom_kill", "at least 1", "not known");
}
END_TEST

/* Without --preload nobody sees a command's calls fail. */
START_TEST(a_refusal_that_nobody_could_see_is_not_known)
{
	add("{\"ev\":\"spec\",\"expect\":{\"outcome\":\"refused\"}}");
	target_ended("\"status\":3");
	counted(0, 0, 0);
	end();
	ck_assert_int_eq(conclusion.verdict, VERDICT_BROKEN);
	ck_assert_ptr_nonnull(strstr(checks_hint(&record, &conclusion), "only with --preload"));
	finish();
	begin();
	add("{\"ev\":\"spec\",\"expect\":{\"outcome\":\"refused\"}}");
	add("{\"ev\":\"source\",\"name\":\"preload\",\"open\":true}");
	target_ended("\"status\":3");
	counted(0, 0, 0);
	end();
	ck_assert_int_eq(conclusion.verdict, VERDICT_FAIL);
	ck_assert_ptr_null(checks_hint(&record, &conclusion));
}
END_TEST

/* cgroup v1 has neither file of v2's. */
START_TEST(each_is_called_by_the_file_it_was_read_from)
{
	EXPECT("\"oom_kill\":{\"min\":1,\"max\":1},\"peak_bytes\":{\"min\":33000000}");
	add("{\"ev\":\"run\",\"cgroup_version\":1}");
	killed_run();
	end();
	assert_check(0, "memory.oom_control oom_kill", "1", "1");
	assert_check(1, "memory.max_usage_in_bytes", "at least 31.5 MiB", "32 MiB");
}
END_TEST

/* Linux before 5.19 has no memory.peak: what was compared is a lower bound. */
START_TEST(a_peak_that_was_sampled_is_not_called_one)
{
	add("{\"ev\":\"run\",\"cgroup_version\":%d}", _i);
	EXPECT("\"peak_bytes\":{\"min\":33000000}");
	add("{\"ev\":\"sample\",\"t\":3,\"current\":33554432}");
	target_ended("\"status\":0");
	end();
	assert_check(
		0, _i == 1 ? "memory.usage_in_bytes, highest seen" : "memory.current, highest seen",
		"at least 31.5 MiB", "32 MiB");
}
END_TEST

static TCase *expectations(void)
{
	TCase *t = tcase_create("expectations");

	tcase_add_checked_fixture(t, begin, finish);
	tcase_add_test(t, all_expectations_met_is_pass_with_both_sides);
	tcase_add_test(t, each_is_called_by_the_file_it_was_read_from);
	tcase_add_loop_test(t, a_peak_that_was_sampled_is_not_called_one, 1, 3);
	tcase_add_loop_test(t, one_expectation_missed_is_fail, 0, (int)ARRAY_SIZE(wrong));
	tcase_add_test(t, what_is_not_known_is_broken_not_fail);
	tcase_add_test(t, scope_victims_and_nodes_are_compared);
	tcase_add_test(t, victims_and_nodes_that_were_not_seen_are_not_known);
	tcase_add_test(t, a_refusal_that_nobody_could_see_is_not_known);
	return t;
}

int main(void)
{
	TCase *const cases[] = {expectations()};

	return suite_run("expectations", cases, ARRAY_SIZE(cases));
}
