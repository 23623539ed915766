/*
 * check_container.c - runs inside a container: what is known when the log is not, when process
 * numbers are those of another namespace, and when the lab died with its target.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/verdict.h"
#include "suite.h"

#define OWN "/docker/5f22"

static struct strbuf text = STRBUF_INIT;
static struct record record;
static struct conclusion conclusion;

static void add(const char *line)
{
	strbuf_printf(&text, "%s\n", line);
}

static void begin(void)
{
	add("{\"ev\":\"run\",\"id\":\"r\",\"argv\":[\"/bin/hog\"],\"backend\":\"current\"}");
	add("{\"ev\":\"spec\",\"expect\":{\"outcome\":\"oom_killed\",\"constraint\":\"MEMCG\"}}");
}

static void begin_v1(void)
{
	add("{\"ev\":\"run\",\"cgroup_version\":1}");
	add("{\"ev\":\"cgroup\",\"level\":0,\"path\":\"" OWN "\",\"memory_max\":33554432}");
	add("{\"ev\":\"counters\",\"level\":0,\"when\":\"before\",\"events\":{\"max\":3,"
	    "\"oom_kill\":2}}");
	add("{\"ev\":\"start\",\"t\":1,\"pid\":7,\"cgroup\":\"" OWN "\"}");
}

static void killed(void)
{
	add("{\"ev\":\"exit\",\"t\":9,\"pid\":7,\"target\":true,\"signal\":9}");
	add("{\"ev\":\"end\",\"t\":10}");
}

static void counted(const char *counters)
{
	_cleanup_free_ char *line = text_format(
		"{\"ev\":\"counters\",\"level\":0,\"when\":\"after\",\"events\":{%s}}", counters);

	add(line);
}

static void conclude(void)
{
	struct err err = ERR_INIT;

	ck_assert_msg(!record_load_memory(text.buf, text.len, &record, &err), "%s", err.text);
	conclusion_draw(&record, &conclusion);
}

static void finish(void)
{
	conclusion_release(&conclusion);
	record_release(&record);
	strbuf_release(&text);
}

START_TEST(v1_counters_at_the_limit_name_it)
{
	begin_v1();
	add("{\"ev\":\"sample\",\"t\":5,\"current\":33554432,\"peak\":33554432}");
	counted("\"max\":70,\"oom_kill\":3");
	killed();
	conclude();
	ck_assert_int_eq(conclusion.outcome, OUTCOME_OOM_KILLED);
	ck_assert_int_eq(conclusion.scope, SCOPE_OWN);
	ck_assert_int_eq(conclusion.constraint, CONSTRAINT_MEMCG);
	ck_assert_int_eq(conclusion.verdict, VERDICT_PASS);
}
END_TEST

/* A kill far below the limit was somebody else's doing: the machine's, or a parent's. */
START_TEST(v1_kill_below_the_limit_is_not_the_limit_s)
{
	begin_v1();
	add("{\"ev\":\"sample\",\"t\":5,\"current\":1048576,\"peak\":20971520}");
	counted("\"max\":70,\"oom_kill\":3");
	killed();
	conclude();
	ck_assert_int_eq(conclusion.outcome, OUTCOME_OOM_KILLED);
	ck_assert_int_eq(conclusion.scope, SCOPE_UNKNOWN);
	ck_assert_int_eq(conclusion.verdict, VERDICT_BROKEN);
}
END_TEST

START_TEST(v1_without_a_failed_charge_is_not_the_limit_s)
{
	begin_v1();
	add("{\"ev\":\"sample\",\"t\":5,\"current\":33554432,\"peak\":33554432}");
	counted("\"max\":3,\"oom_kill\":3");
	killed();
	conclude();
	ck_assert_int_eq(conclusion.scope, SCOPE_UNKNOWN);
}
END_TEST

START_TEST(v1_with_swap_off_counts_no_failed_charge)
{
	begin_v1();
	add("{\"ev\":\"cgroup\",\"level\":0,\"path\":\"" OWN "\",\"memory_max\":33554432,"
	    "\"memory_swap_max\":0}");
	add("{\"ev\":\"sample\",\"t\":5,\"current\":33554432,\"peak\":33554432}");
	counted("\"max\":3,\"oom_kill\":3");
	killed();
	conclude();
	ck_assert_int_eq(conclusion.scope, SCOPE_OWN);
}
END_TEST

static void log_kill(int pid, const char *comm)
{
	_cleanup_free_ char *summary = text_format(
		"{\"ev\":\"kmsg\",\"t\":8,\"seq\":1,\"pri\":6,\"text\":\"oom-kill:constraint="
		"CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=" OWN
		",task_memcg=" OWN ",task=%s,pid=%d,uid=0\"}",
		comm, pid);
	_cleanup_free_ char *kill = text_format(
		"{\"ev\":\"kmsg\",\"t\":8,\"seq\":2,\"pri\":3,\"text\":\"Memory cgroup out of "
		"memory: Killed process %d (%s) total-vm:66624kB, anon-rss:32492kB, "
		"file-rss:0kB, shmem-rss:260kB, UID:0 pgtables:104kB oom_score_adj:1000\"}",
		pid, comm);

	add("{\"ev\":\"source\",\"name\":\"kmsg\",\"open\":true}");
	add(summary);
	add(kill);
}

/* The log says 4711, the container 7: the cgroup and the name tell who it was. */
START_TEST(foreign_numbers_do_not_hide_the_target)
{
	add("{\"ev\":\"setting\",\"name\":\"pid_namespace\",\"value\":\"pid:[402653]\"}");
	begin_v1();
	log_kill(4711, "hog");
	counted("\"max\":70,\"oom_kill\":3");
	killed();
	conclude();
	ck_assert_int_eq(conclusion.outcome, OUTCOME_OOM_KILLED);
	ck_assert_int_eq(conclusion.victim, VICTIM_SELF);
	ck_assert_str_eq(conclusion.cause_evidence[0], "kmsg 2");
}
END_TEST

/* A cgroup namespace shows "/": the engine's id is what the paths have in common. */
START_TEST(the_container_s_id_names_its_cgroup)
{
	add("{\"ev\":\"setting\",\"name\":\"pid_namespace\",\"value\":\"pid:[402653]\"}");
	add("{\"ev\":\"setting\",\"name\":\"container_id\",\"value\":\"5f22\"}");
	begin_v1();
	add("{\"ev\":\"start\",\"t\":1,\"pid\":7,\"cgroup\":\"/\"}");
	log_kill(4711, "hog");
	counted("\"max\":70,\"oom_kill\":3");
	killed();
	conclude();
	ck_assert_int_eq(conclusion.outcome, OUTCOME_OOM_KILLED);
	ck_assert_int_eq(conclusion.scope, SCOPE_OWN);
	ck_assert_uint_eq(conclusion.kills->count, 1);
}
END_TEST

START_TEST(foreign_number_equal_to_the_target_s_proves_nothing)
{
	add("{\"ev\":\"setting\",\"name\":\"pid_namespace\",\"value\":\"pid:[402653]\"}");
	begin_v1();
	log_kill(7, "worker");
	counted("\"max\":70,\"oom_kill\":3");
	add("{\"ev\":\"exit\",\"t\":9,\"pid\":7,\"target\":true,\"status\":3}");
	add("{\"ev\":\"end\",\"t\":10}");
	conclude();
	ck_assert_int_eq(conclusion.outcome, OUTCOME_CHILD_OOM_KILLED);
}
END_TEST

static void begin_group(int oom_group)
{
	_cleanup_free_ char *cgroup = text_format("{\"ev\":\"cgroup\",\"level\":0,\"path\":\"/\","
						  "\"memory_max\":33554432,\"oom_group\":%d}",
						  oom_group);

	add(cgroup);
	add("{\"ev\":\"start\",\"t\":1,\"pid\":7,\"cgroup\":\"/\"}");
	add("{\"ev\":\"gate\",\"t\":2}");
	add("{\"ev\":\"sample\",\"t\":5,\"current\":33554000}");
}

/* memory.oom.group: the record ends in the middle, whatever was last seen of the counters holds. */
START_TEST(a_group_kill_that_was_seen_is_one)
{
	begin_group(1);
	add("{\"ev\":\"mark\",\"t\":6,\"what\":\"oom_kill\",\"value\":2}");
	conclude();
	ck_assert_int_eq(conclusion.outcome, OUTCOME_OOM_KILLED);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), EXIT_LAB_BROKEN);
}
END_TEST

START_TEST(a_group_kill_that_was_not_seen_is_not_known)
{
	begin_group(1);
	conclude();
	ck_assert_int_eq(conclusion.outcome, OUTCOME_LAB_ERROR);
}
END_TEST

static void ended_with_137(const char *by)
{
	_cleanup_free_ char *line = text_format(
		"{\"ev\":\"exit\",\"t\":9,\"pid\":7,\"target\":true,\"status\":137%s}", by);

	begin_v1();
	counted("\"max\":70,\"oom_kill\":3");
	add(line);
	add("{\"ev\":\"end\",\"t\":10}");
	conclude();
}

/* No log, no signal: the engine's 137 and the counter are all there is. */
START_TEST(an_engine_s_137_with_a_counted_kill_is_one)
{
	ended_with_137(",\"engine\":true");
	ck_assert_int_eq(conclusion.outcome, OUTCOME_OOM_KILLED);
	ck_assert_int_eq(conclusion.victim, VICTIM_SELF);
}
END_TEST

START_TEST(a_seen_137_is_not_the_signal)
{
	ended_with_137("");
	ck_assert_int_eq(conclusion.outcome, OUTCOME_CHILD_OOM_KILLED);
}
END_TEST

START_TEST(without_the_group_a_mark_is_anybody_s)
{
	begin_group(0);
	add("{\"ev\":\"mark\",\"t\":6,\"what\":\"oom_kill\",\"value\":1}");
	conclude();
	ck_assert_int_eq(conclusion.outcome, OUTCOME_LAB_ERROR);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("container");

	tcase_add_checked_fixture(tc, begin, finish);
	tcase_add_test(tc, v1_counters_at_the_limit_name_it);
	tcase_add_test(tc, v1_kill_below_the_limit_is_not_the_limit_s);
	tcase_add_test(tc, v1_without_a_failed_charge_is_not_the_limit_s);
	tcase_add_test(tc, v1_with_swap_off_counts_no_failed_charge);
	tcase_add_test(tc, foreign_numbers_do_not_hide_the_target);
	tcase_add_test(tc, the_container_s_id_names_its_cgroup);
	tcase_add_test(tc, foreign_number_equal_to_the_target_s_proves_nothing);
	tcase_add_test(tc, a_group_kill_that_was_seen_is_one);
	tcase_add_test(tc, a_group_kill_that_was_not_seen_is_not_known);
	tcase_add_test(tc, without_the_group_a_mark_is_anybody_s);
	tcase_add_test(tc, an_engine_s_137_with_a_counted_kill_is_one);
	tcase_add_test(tc, a_seen_137_is_not_the_signal);
	return suite_run("container", (TCase *const[]){tc}, 1);
}
