/*
 * check_attribution.c - whose kill it was: ours among other cgroups' on a shared host, below an
 * ancestor, without a header, or too many to be kept.
 */
#include "suite.h"
#include "verdict_helpers.h"

START_TEST(a_kill_line_without_its_header_is_attributed_by_pid)
{
	kmsg("oom_kill_process: 6 callbacks suppressed");
	kill_line(TARGET);
	target_ended(SIGKILLED);
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_OWN);
	ck_assert_int_eq(conclusion.constraint, CONSTRAINT_MEMCG);
}
END_TEST

START_TEST(others_on_a_shared_host_are_not_ours)
{
	oom("/other", "/other", 555);
	oom("/lab/run2", "/lab/run2", 556);
	kill_line(557);
	target_ended("\"status\":0");
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_SURVIVED, SCOPE_NONE);
	ck_assert_uint_eq(conclusion.kills->count, 0);
	ck_assert_int_eq(conclusion.victim, VICTIM_NOBODY);
}
END_TEST

START_TEST(our_kill_is_found_among_others)
{
	for (int i = 0; i < 8; i++)
		oom("/other", "/other", 555 + i);
	oom(OWN, OWN, TARGET);
	oom("/other", "/other", 600);
	target_ended(SIGKILLED);
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_OWN);
	ck_assert_uint_eq(conclusion.kills->count, 1);
	ck_assert(cites("kmsg 844"));
}
END_TEST

START_TEST(an_ancestors_kill_of_a_neighbour_is_shown_but_not_ours)
{
	oom("/lab", "/lab/neighbour", 555);
	target_ended("\"status\":0");
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_SURVIVED, SCOPE_NONE);
	ck_assert_uint_eq(conclusion.kills->count, 1);
}
END_TEST

START_TEST(many_events_are_bounded)
{
	for (int i = 0; i < KILLS_MAX + 10; i++)
		oom(OWN, OWN, 1000 + i);
	target_ended("\"status\":0");
	counted(0, KILLS_MAX + 10, KILLS_MAX + 10);
	end();
	assert_outcome(OUTCOME_CHILD_OOM_KILLED, SCOPE_OWN);
	ck_assert_uint_eq(conclusion.kills->count, KILLS_MAX);
	ck_assert_uint_eq(conclusion.kills->dropped, 10);
}
END_TEST

START_TEST(a_path_is_within_itself_and_below)
{
	ck_assert(cgroup_is_within("/a/b", "/a/b"));
	ck_assert(cgroup_is_within("/a/b/c", "/a/b"));
	ck_assert(cgroup_is_within("/a", "/"));
	ck_assert(!cgroup_is_within("/a/bc", "/a/b"));
	ck_assert(!cgroup_is_within("/a", "/a/b"));
	ck_assert(!cgroup_is_within(NULL, "/"));
	ck_assert(!cgroup_is_within("/", NULL));
}
END_TEST

static TCase *attribution(void)
{
	TCase *t = tcase_create("attribution");

	tcase_add_checked_fixture(t, begin, finish);
	tcase_add_test(t, a_kill_line_without_its_header_is_attributed_by_pid);
	tcase_add_test(t, others_on_a_shared_host_are_not_ours);
	tcase_add_test(t, our_kill_is_found_among_others);
	tcase_add_test(t, an_ancestors_kill_of_a_neighbour_is_shown_but_not_ours);
	tcase_add_test(t, many_events_are_bounded);
	tcase_add_test(t, a_path_is_within_itself_and_below);
	return t;
}

int main(void)
{
	TCase *const cases[] = {attribution()};

	return suite_run("attribution", cases, ARRAY_SIZE(cases));
}
