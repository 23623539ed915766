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
	add("{\"ev\":\"source\",\"name\":\"process records\",\"open\":true}");
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

static void started(int pid, const char *cgroup)
{
	add("{\"ev\":\"run_process\",\"t\":3,\"pid\":%d,\"parent\":%d,\"comm\":\"hog\"%s%s%s}", pid,
	    TARGET, cgroup ? ",\"cgroup\":\"" : "", cgroup ? cgroup : "", cgroup ? "\"" : "");
}

/* More than ten in 5 s, whoever's: the accounts are left out, the lines are not. */
START_TEST(kill_lines_alone_are_told_apart_by_who_started_whom)
{
	add("{\"ev\":\"source\",\"name\":\"process records\",\"open\":true}");
	for (int i = 0; i < 40; i++) {
		started(1000 + i, NULL);
		kill_line(1000 + i);
		kill_line(5000 + i);
	}
	target_ended("\"status\":0");
	counted(0, 40, 40);
	end();
	assert_outcome(OUTCOME_CHILD_OOM_KILLED, SCOPE_OWN);
	ck_assert_int_eq(conclusion.killed, 40);
	ck_assert_uint_eq(conclusion.kills->undumped, 40);
	ck_assert_uint_eq(conclusion.kills->unknown, 0);
}
END_TEST

START_TEST(a_counter_beyond_the_lines_counts)
{
	started(1000, NULL);
	oom(OWN, OWN, 1000);
	add("{\"ev\":\"lost\",\"name\":\"kmsg\",\"count\":700}");
	target_ended("\"status\":0");
	counted(0, 40, 40);
	end();
	ck_assert_int_eq(conclusion.killed, 40);
	ck_assert_uint_eq(conclusion.kills->victims, 1);
}
END_TEST

/* The chosen one of a group has two lines, and is counted twice. */
START_TEST(who_has_two_lines_is_one_process)
{
	oom(OWN, OWN, 101);
	kmsg("Tasks in " OWN " are going to be killed due to memory.oom.group set");
	kill_line(102);
	kill_line(101);
	target_ended("\"status\":0");
	counted(0, 1, 3);
	end();
	ck_assert_int_eq(conclusion.killed, 2);
}
END_TEST

START_TEST(who_left_for_another_cgroup_is_still_ours)
{
	started(101, "/side");
	oom("/side", "/side", 101);
	target_ended("\"status\":0");
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_CHILD_OOM_KILLED, SCOPE_OTHER);
	ck_assert_int_eq(conclusion.victim, VICTIM_CHILD);
	ck_assert(!cites("memory.events oom_kill 0->0"));
}
END_TEST

#define SIDE(oom)                                                                         \
	"{\"ev\":\"cgroup_seen\",\"path\":\"/side\",\"memory_max\":12582912,\"events\":{" \
	"\"oom_kill\":1},\"local\":{\"oom\":" oom "}}"

/* The line alone: it is where the victim had gone, if its own limit was met there. */
START_TEST(who_left_is_known_without_the_kernels_account)
{
	started(101, "/side");
	add(SIDE("1"));
	kill_line(101);
	target_ended("\"status\":0");
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_CHILD_OOM_KILLED, SCOPE_OTHER);
}
END_TEST

START_TEST(who_left_was_not_killed_for_the_runs_own_limit)
{
	started(101, "/side");
	add(SIDE("0"));
	kill_line(101);
	target_ended("\"status\":0");
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_CHILD_OOM_KILLED, SCOPE_UNKNOWN);
}
END_TEST

/* docker exec: nobody of the run forked it, and the kernel printed no account. */
START_TEST(who_joined_the_cgroup_is_known_by_its_counter)
{
	add("{\"ev\":\"source\",\"name\":\"process records\",\"open\":true}");
	kill_line(4242);
	target_ended(SIGKILLED);
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_CHILD_OOM_KILLED, SCOPE_OWN);
	ck_assert_uint_eq(conclusion.kills->victims, 1);
	ck_assert_uint_eq(conclusion.kills->unknown, 0);
	ck_assert(kills_is_of_run(&record, conclusion.kills, &conclusion.kills->items[0].event, 0));
}
END_TEST

/* One of the two is a neighbour's; neither is the target's, whoever ended that. */
START_TEST(of_more_lines_than_kills_none_is_taken)
{
	add("{\"ev\":\"source\",\"name\":\"process records\",\"open\":true}");
	kill_line(4242);
	kill_line(4243);
	target_ended(SIGKILLED);
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_CHILD_OOM_KILLED, SCOPE_OWN);
	ck_assert_uint_eq(conclusion.kills->victims, 0);
	ck_assert_uint_eq(conclusion.kills->unknown, 2);
}
END_TEST

START_TEST(lines_beside_a_kill_that_accounts_for_the_counter_are_others)
{
	add("{\"ev\":\"source\",\"name\":\"process records\",\"open\":true}");
	oom(OWN, OWN, TARGET);
	kill_line(4242);
	target_ended(SIGKILLED);
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_OWN);
	ck_assert_uint_eq(conclusion.kills->victims, 1);
	ck_assert_uint_eq(conclusion.kills->unknown, 0);
}
END_TEST

/* The line that is missing may be the run's, and the one that is there a neighbour's. */
START_TEST(lines_of_a_log_with_losses_are_not_taken)
{
	add("{\"ev\":\"source\",\"name\":\"process records\",\"open\":true}");
	kill_line(4242);
	add("{\"ev\":\"lost\",\"name\":\"kmsg\",\"count\":7}");
	target_ended("\"status\":0");
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_CHILD_OOM_KILLED, SCOPE_OWN);
	ck_assert_uint_eq(conclusion.kills->victims, 0);
	ck_assert_uint_eq(conclusion.kills->unknown, 1);
}
END_TEST

START_TEST(a_kill_of_somebody_unknown_is_not_survived)
{
	add("{\"ev\":\"source\",\"name\":\"process records\",\"open\":false,\"why\":\"no\"}");
	add("{\"ev\":\"spec\",\"memory_max\":33554432,\"expect\":{\"outcome\":\"survived\"}}");
	kill_line(4242);
	target_ended("\"status\":0");
	counted(0, 0, 0);
	end();
	ck_assert_uint_eq(conclusion.kills->unknown, 1);
	ck_assert_int_eq(conclusion.victim, VICTIM_UNSET);
	ck_assert_int_eq(conclusion.verdict, VERDICT_BROKEN);
}
END_TEST

/* Some forks were not seen: the victim may be one of them. */
START_TEST(records_of_forks_that_were_lost_leave_it_unknown)
{
	add("{\"ev\":\"source\",\"name\":\"process records\",\"open\":true}");
	add("{\"ev\":\"lost\",\"name\":\"process records\",\"count\":3}");
	kill_line(4242);
	target_ended("\"status\":0");
	counted(0, 0, 0);
	end();
	ck_assert_uint_eq(conclusion.kills->unknown, 1);
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
	tcase_add_test(t, kill_lines_alone_are_told_apart_by_who_started_whom);
	tcase_add_test(t, a_counter_beyond_the_lines_counts);
	tcase_add_test(t, who_has_two_lines_is_one_process);
	tcase_add_test(t, who_left_for_another_cgroup_is_still_ours);
	tcase_add_test(t, who_left_is_known_without_the_kernels_account);
	tcase_add_test(t, who_left_was_not_killed_for_the_runs_own_limit);
	tcase_add_test(t, who_joined_the_cgroup_is_known_by_its_counter);
	tcase_add_test(t, of_more_lines_than_kills_none_is_taken);
	tcase_add_test(t, lines_beside_a_kill_that_accounts_for_the_counter_are_others);
	tcase_add_test(t, lines_of_a_log_with_losses_are_not_taken);
	tcase_add_test(t, a_kill_of_somebody_unknown_is_not_survived);
	tcase_add_test(t, records_of_forks_that_were_lost_leave_it_unknown);
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
