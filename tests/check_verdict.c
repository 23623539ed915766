/*
 * check_verdict.c - what became of a run: each outcome with its evidence, other cgroups' kills on a
 * shared host, suppressed headers, damaged records, expectations met and not.
 */
#include <check.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "record/query.h"
#include "record/verdict.h"

#define TARGET	  100
#define OWN	  "/lab/run"
#define SIGKILLED "\"signal\":9"

static struct strbuf text = STRBUF_INIT;
static unsigned long long seq;
static struct record record;
static struct conclusion conclusion;

static void add(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void add(const char *fmt, ...)
{
	va_list ap;
	char *line = NULL;

	va_start(ap, fmt);
	ck_assert_int_ge(vasprintf(&line, fmt, ap), 0);
	va_end(ap);
	strbuf_printf(&text, "%s\n", line);
	free(line);
}

/* A run whose target has started, with its kernel log in sight. */
static void begin(void)
{
	strbuf_clear(&text);
	seq = 800;
	add("{\"ev\":\"run\",\"id\":\"r\",\"argv\":[\"x\"],\"cgroup_version\":2}");
	add("{\"ev\":\"cgroup\",\"level\":0,\"path\":\"" OWN "\",\"memory_max\":33554432}");
	add("{\"ev\":\"source\",\"name\":\"kmsg\",\"open\":true}");
	add("{\"ev\":\"counters\",\"level\":0,\"when\":\"before\",\"events\":{\"high\":0,\"max\":0,"
	    "\"oom\":0,\"oom_kill\":0},\"local\":{\"oom\":0,\"oom_kill\":0}}");
	add("{\"ev\":\"start\",\"t\":1,\"pid\":%d,\"cgroup\":\"" OWN "\"}", TARGET);
	add("{\"ev\":\"gate\",\"t\":2}");
}

static void finish(void)
{
	conclusion_release(&conclusion);
	record_release(&record);
	strbuf_release(&text);
}

static void kmsg(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void kmsg(const char *fmt, ...)
{
	va_list ap;
	char *line = NULL;

	va_start(ap, fmt);
	ck_assert_int_ge(vasprintf(&line, fmt, ap), 0);
	va_end(ap);
	add("{\"ev\":\"kmsg\",\"t\":%llu,\"seq\":%llu,\"pri\":4,\"text\":\"%s\"}", seq * 1000000,
	    seq, line);
	seq++;
	free(line);
}

static void kill_line(int pid)
{
	kmsg("Memory cgroup out of memory: Killed process %d (hog) total-vm:66624kB, "
	     "anon-rss:32492kB, file-rss:0kB, shmem-rss:260kB, UID:0 pgtables:104kB "
	     "oom_score_adj:0",
	     pid);
}

static void header(void)
{
	kmsg("hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0");
	kmsg("CPU: 0 UID: 0 PID: 100 Comm: hog Not tainted 6.12.57 #1");
}

static void memcg_header(void)
{
	header();
	kmsg("memory: usage 32768kB, limit 32768kB, failcnt 65");
}

static void oom(const char *oom_memcg, const char *task_memcg, int pid)
{
	memcg_header();
	kmsg("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
	     "oom_memcg=%s,task_memcg=%s,task=hog,pid=%d,uid=0",
	     oom_memcg, task_memcg, pid);
	kill_line(pid);
}

static void global_oom(const char *task_memcg, int pid)
{
	header();
	kmsg("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/"
	     ",mems_allowed=0,global_oom,"
	     "task_memcg=%s,task=hog,pid=%d,uid=0",
	     task_memcg, pid);
	kmsg("Out of memory: Killed process %d (hog) total-vm:66624kB, anon-rss:32492kB, "
	     "file-rss:0kB, shmem-rss:260kB, UID:0 pgtables:104kB oom_score_adj:0",
	     pid);
}

static void counted(int high, int ooms, int kills)
{
	add("{\"ev\":\"counters\",\"level\":0,\"when\":\"after\",\"events\":{\"high\":%d,\"max\":5,"
	    "\"oom\":%d,\"oom_kill\":%d},\"local\":{\"oom\":%d,\"oom_kill\":%d}}",
	    high, ooms, kills, ooms, kills);
}

static void target_ended(const char *how)
{
	add("{\"ev\":\"exit\",\"t\":9000000000,\"pid\":%d,\"target\":true,%s}", TARGET, how);
}

static void draw(void)
{
	struct err err = ERR_INIT;

	ck_assert_msg(!record_load_memory(text.buf, text.len, &record, &err), "%s", err.text);
	ck_assert_int_eq(record_lost(&record, "record"), 0);
	conclusion_draw(&record, &conclusion);
}

static void end(void)
{
	add("{\"ev\":\"end\",\"t\":9900000000}");
	draw();
}

static void assert_outcome(enum outcome outcome, enum scope scope)
{
	ck_assert_str_eq(spec_outcome_names[conclusion.outcome], spec_outcome_names[outcome]);
	ck_assert_str_eq(scope_names[conclusion.scope], scope_names[scope]);
}

static bool cites(const char *evidence)
{
	for (size_t i = 0; i < conclusion.cause_evidence_count; i++)
		if (!strcmp(conclusion.cause_evidence[i], evidence))
			return true;
	return false;
}

START_TEST(killed_by_its_own_limit)
{
	oom(OWN, OWN, TARGET);
	target_ended(SIGKILLED);
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_OWN);
	ck_assert_int_eq(conclusion.constraint, CONSTRAINT_MEMCG);
	ck_assert_int_eq(conclusion.victim, VICTIM_SELF);
	ck_assert(cites("kmsg 804") && cites("memory.events oom_kill 0->1") &&
		  cites("exit signal 9"));
	ck_assert_int_eq(conclusion.verdict, VERDICT_NONE);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 137);
}
END_TEST

START_TEST(killed_by_an_ancestors_limit)
{
	oom("/lab", OWN, TARGET);
	target_ended(SIGKILLED);
	counted(0, 0, 1);
	end();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_ANCESTOR);
}
END_TEST

START_TEST(killed_below_its_own_cgroup_is_still_its_own_limit)
{
	oom(OWN "/sub", OWN "/sub", TARGET);
	target_ended(SIGKILLED);
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_OWN);
}
END_TEST

START_TEST(killed_globally)
{
	global_oom(OWN, TARGET);
	target_ended(SIGKILLED);
	counted(0, 0, 1);
	end();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_GLOBAL);
	ck_assert_int_eq(conclusion.constraint, CONSTRAINT_NONE);
}
END_TEST

START_TEST(a_sigkill_by_hand_is_no_oom_kill)
{
	target_ended(SIGKILLED);
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_SIGNALLED, SCOPE_NONE);
	ck_assert(cites("memory.events oom_kill 0->0"));
	ck_assert_int_eq(conclusion.victim, VICTIM_NOBODY);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 137);
}
END_TEST

START_TEST(a_sigkill_without_any_source_is_no_oom_kill)
{
	strbuf_clear(&text);
	add("{\"ev\":\"run\",\"id\":\"r\",\"argv\":[\"x\"]}");
	add("{\"ev\":\"start\",\"t\":1,\"pid\":%d}", TARGET);
	target_ended(SIGKILLED);
	end();
	assert_outcome(OUTCOME_SIGNALLED, SCOPE_NONE);
	ck_assert_int_eq(conclusion.victim, VICTIM_UNSET);
}
END_TEST

START_TEST(another_signal_is_told)
{
	target_ended("\"signal\":11");
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_SIGNALLED, SCOPE_NONE);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 139);
}
END_TEST

START_TEST(a_child_was_killed_and_the_target_ended_well)
{
	oom(OWN, OWN, 101);
	target_ended("\"status\":0");
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_CHILD_OOM_KILLED, SCOPE_OWN);
	ck_assert_int_eq(conclusion.victim, VICTIM_CHILD);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 0);
}
END_TEST

START_TEST(a_shells_137_is_its_childs_kill)
{
	oom(OWN, OWN, 101);
	target_ended("\"status\":137");
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_CHILD_OOM_KILLED, SCOPE_OWN);
}
END_TEST

/* The counter rose, but the whole log names the child; the target was killed by hand. */
START_TEST(a_childs_kill_does_not_make_a_sigkill_by_hand_an_oom_kill)
{
	oom(OWN, OWN, 101);
	target_ended(SIGKILLED);
	counted(0, 1, 1);
	end();
	ck_assert_int_eq(conclusion.outcome, OUTCOME_SIGNALLED);
}
END_TEST

START_TEST(without_the_log_the_counter_decides)
{
	strbuf_clear(&text);
	begin();
	add("{\"ev\":\"source\",\"name\":\"kmsg\",\"open\":false,\"why\":\"no\"}");
	target_ended(SIGKILLED);
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_OWN);
	ck_assert_int_eq(conclusion.constraint, CONSTRAINT_MEMCG);
	ck_assert(cites("memory.events oom_kill 0->1"));
}
END_TEST

START_TEST(mark_victim_decides)
{
	add("{\"ev\":\"mark_victim\",\"t\":5,\"pid\":%d,\"comm\":\"hog\"}", TARGET);
	target_ended(SIGKILLED);
	end();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_UNKNOWN);
	ck_assert(cites("mark_victim 100"));
}
END_TEST

START_TEST(another_processes_mark_victim_does_not)
{
	add("{\"ev\":\"mark_victim\",\"t\":5,\"pid\":4242,\"comm\":\"hog\"}");
	target_ended(SIGKILLED);
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_SIGNALLED, SCOPE_NONE);
}
END_TEST

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

START_TEST(a_group_kill_is_the_targets)
{
	oom(OWN, OWN, 101);
	kmsg("Tasks in " OWN " are going to be killed due to memory.oom.group set");
	kill_line(TARGET);
	kill_line(101);
	target_ended(SIGKILLED);
	counted(0, 1, 3);
	end();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_OWN);
	ck_assert_uint_eq(conclusion.kills->count, 1);
	ck_assert_uint_eq(conclusion.kills->items[0].child_count, 1);
}
END_TEST

START_TEST(refused_by_the_gate)
{
	add("{\"ev\":\"refused\",\"t\":5,\"errno\":12,\"bytes\":2147483648,\"what\":\"malloc\"}");
	target_ended("\"status\":1");
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_REFUSED, SCOPE_NONE);
}
END_TEST

START_TEST(refused_by_the_trace)
{
	add("{\"ev\":\"arena\",\"id\":1,\"pid\":100,\"refused_errno\":12,\"first\":1,\"last\":2}");
	target_ended("\"signal\":11");
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_REFUSED, SCOPE_NONE);
	ck_assert(cites("trace 1-2"));
}
END_TEST

START_TEST(a_refusal_that_was_coped_with_is_survived)
{
	add("{\"ev\":\"arena\",\"id\":1,\"pid\":100,\"refused_errno\":12,\"first\":1,\"last\":2}");
	target_ended("\"status\":0");
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_SURVIVED, SCOPE_NONE);
}
END_TEST

START_TEST(a_status_of_its_own_is_failed)
{
	target_ended("\"status\":3");
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_FAILED, SCOPE_NONE);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 3);
}
END_TEST

static void watchdog(const char *why)
{
	add("{\"ev\":\"watchdog\",\"t\":8000000000,\"why\":\"%s\"}", why);
	target_ended(SIGKILLED);
}

START_TEST(stopped_while_held_back_is_throttled)
{
	watchdog("timeout");
	counted(5000, 0, 0);
	end();
	assert_outcome(OUTCOME_THROTTLED, SCOPE_NONE);
}
END_TEST

START_TEST(stopped_while_nobody_could_be_killed_is_livelocked)
{
	memcg_header();
	kmsg("Out of memory and no killable processes...");
	watchdog("timeout");
	counted(0, 13290, 0);
	end();
	assert_outcome(OUTCOME_LIVELOCKED, SCOPE_NONE);
}
END_TEST

START_TEST(the_watchdogs_word_for_a_livelock_counts)
{
	watchdog("livelock");
	end();
	assert_outcome(OUTCOME_LIVELOCKED, SCOPE_NONE);
}
END_TEST

START_TEST(stopped_for_no_reason_of_memory_is_timed_out)
{
	watchdog("timeout");
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_TIMED_OUT, SCOPE_NONE);
}
END_TEST

START_TEST(interrupted_is_signalled_and_130)
{
	watchdog("interrupt");
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_SIGNALLED, SCOPE_NONE);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 130);
}
END_TEST

START_TEST(an_oom_kill_before_the_watchdog_decides)
{
	oom(OWN, OWN, TARGET);
	watchdog("timeout");
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_OWN);
}
END_TEST

START_TEST(a_cut_record_with_the_kill_line_decides)
{
	oom(OWN, OWN, TARGET);
	draw();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_OWN);
	ck_assert(!record.is_complete);
}
END_TEST

START_TEST(a_cut_record_without_it_is_a_lab_error)
{
	draw();
	assert_outcome(OUTCOME_LAB_ERROR, SCOPE_NONE);
	ck_assert_int_eq(conclusion.verdict, VERDICT_BROKEN);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 125);
}
END_TEST

START_TEST(an_error_is_broken)
{
	add("{\"ev\":\"error\",\"text\":\"cannot set memory.max\"}");
	end();
	assert_outcome(OUTCOME_LAB_ERROR, SCOPE_NONE);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 125);
}
END_TEST

START_TEST(a_skip_is_77)
{
	add("{\"ev\":\"skip\",\"text\":\"no QEMU\"}");
	end();
	ck_assert_int_eq(conclusion.verdict, VERDICT_SKIP);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 77);
}
END_TEST

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

static TCase *outcomes(void)
{
	TCase *t = tcase_create("outcomes");

	tcase_add_checked_fixture(t, begin, finish);
	tcase_add_test(t, killed_by_its_own_limit);
	tcase_add_test(t, killed_by_an_ancestors_limit);
	tcase_add_test(t, killed_below_its_own_cgroup_is_still_its_own_limit);
	tcase_add_test(t, killed_globally);
	tcase_add_test(t, a_sigkill_by_hand_is_no_oom_kill);
	tcase_add_test(t, a_sigkill_without_any_source_is_no_oom_kill);
	tcase_add_test(t, another_signal_is_told);
	tcase_add_test(t, a_child_was_killed_and_the_target_ended_well);
	tcase_add_test(t, a_shells_137_is_its_childs_kill);
	tcase_add_test(t, a_childs_kill_does_not_make_a_sigkill_by_hand_an_oom_kill);
	tcase_add_test(t, without_the_log_the_counter_decides);
	tcase_add_test(t, mark_victim_decides);
	tcase_add_test(t, another_processes_mark_victim_does_not);
	tcase_add_test(t, a_group_kill_is_the_targets);
	tcase_add_test(t, refused_by_the_gate);
	tcase_add_test(t, refused_by_the_trace);
	tcase_add_test(t, a_refusal_that_was_coped_with_is_survived);
	tcase_add_test(t, a_status_of_its_own_is_failed);
	tcase_add_test(t, stopped_while_held_back_is_throttled);
	tcase_add_test(t, stopped_while_nobody_could_be_killed_is_livelocked);
	tcase_add_test(t, the_watchdogs_word_for_a_livelock_counts);
	tcase_add_test(t, stopped_for_no_reason_of_memory_is_timed_out);
	tcase_add_test(t, interrupted_is_signalled_and_130);
	tcase_add_test(t, an_oom_kill_before_the_watchdog_decides);
	tcase_add_test(t, a_cut_record_with_the_kill_line_decides);
	tcase_add_test(t, a_cut_record_without_it_is_a_lab_error);
	tcase_add_test(t, an_error_is_broken);
	tcase_add_test(t, a_skip_is_77);
	return t;
}

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

static TCase *expectations(void)
{
	TCase *t = tcase_create("expectations");

	tcase_add_checked_fixture(t, begin, finish);
	tcase_add_test(t, all_expectations_met_is_pass_with_both_sides);
	tcase_add_loop_test(t, one_expectation_missed_is_fail, 0, sizeof(wrong) / sizeof(*wrong));
	tcase_add_test(t, what_is_not_known_is_broken_not_fail);
	return t;
}

int main(void)
{
	Suite *s = suite_create("verdict");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, outcomes());
	suite_add_tcase(s, attribution());
	suite_add_tcase(s, expectations());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
