/*
 * check_verdict.c - what became of a run: each outcome with its evidence, damaged records, and the
 * exit status that follows. Whose kill it was: check_attribution.c. Against what was expected:
 * check_expectations.c.
 */
#include "suite.h"
#include "verdict_helpers.h"

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
	ck_assert(cites("memory.events oom_kill 0, unchanged"));
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
START_TEST(a_childs_kill_does_not_make_a_sigkill_by_hand_the_targets)
{
	oom(OWN, OWN, 101);
	target_ended(SIGKILLED);
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_CHILD_OOM_KILLED, SCOPE_OWN);
	ck_assert_int_eq(conclusion.ending, ENDING_SIGNALLED);
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

static void refused_call(int pid, const char *rest)
{
	add("{\"ev\":\"reservation\",\"pid\":%d,\"what\":\"malloc\",\"calls\":4,\"refused\":1,"
	    "\"frees\":0,\"asked\":9,\"live\":9,\"peak\":9%s}",
	    pid, rest);
}

START_TEST(refused_by_what_preload_saw)
{
	refused_call(TARGET, ",\"refused_bytes\":10");
	target_ended("\"status\":3");
	counted(0, 0, 0);
	end();
	assert_outcome(OUTCOME_REFUSED, SCOPE_NONE);
	ck_assert(cites("record line 7"));
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 3);
}
END_TEST

/* Coped with; another's; of the program before an exec(); of no known reason; ended by others. */
START_TEST(a_refused_call_is_no_refusal_of_the_run)
{
	static const struct {
		const char *rest, *how;
		int pid;
		enum outcome outcome;
	} cases[] = {
		{",\"refused_bytes\":10", "\"status\":0", TARGET, OUTCOME_SURVIVED},
		{",\"refused_bytes\":10", "\"status\":3", TARGET + 1, OUTCOME_FAILED},
		{",\"refused_bytes\":10,\"ended\":\"exec\"", "\"status\":3", TARGET,
		 OUTCOME_FAILED},
		{"", "\"status\":3", TARGET, OUTCOME_FAILED},
		{",\"refused_bytes\":10", "\"signal\":15", TARGET, OUTCOME_SIGNALLED},
		{",\"refused_bytes\":10", "\"signal\":6", TARGET, OUTCOME_REFUSED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin();
		refused_call(cases[i].pid, cases[i].rest);
		target_ended(cases[i].how);
		counted(0, 0, 0);
		end();
		ck_assert_int_eq(conclusion.outcome, cases[i].outcome);
		finish();
	}
	begin();
	end();
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

/* Its guardian ended what was left while the launcher was held still. */
START_TEST(whom_the_kernel_killed_first_did_not_time_out)
{
	oom(OWN, OWN, TARGET);
	watchdog("timeout");
	counted(0, 1, 1);
	end();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_OWN);
	ck_assert_int_eq(conclusion.ending, ENDING_SIGNALLED);
}
END_TEST

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

/* A panic ends the record; a kill of the target before it is what became of the run all the same. */
START_TEST(a_panic_is_an_outcome)
{
	add("{\"ev\":\"panic\",\"text\":\"Kernel panic - not syncing: x\"}");
	end();
	assert_outcome(OUTCOME_PANICKED, SCOPE_NONE);
	ck_assert_int_eq(conclusion.verdict, VERDICT_NONE);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), EXIT_LAB_BROKEN);
}
END_TEST

START_TEST(a_panic_after_the_kill_changes_nothing)
{
	oom(OWN, OWN, TARGET);
	target_ended(SIGKILLED);
	add("{\"ev\":\"panic\",\"text\":\"Kernel panic - not syncing: x\"}");
	end();
	assert_outcome(OUTCOME_OOM_KILLED, SCOPE_OWN);
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

/* The launcher of a VM says so, and no line of the guest's comes any more. */
START_TEST(interrupted_before_the_guest_had_told_all)
{
	watchdog("interrupt");
	draw();
	assert_outcome(OUTCOME_SIGNALLED, SCOPE_NONE);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 130);
}
END_TEST

START_TEST(cut_short_without_a_word_is_not_known)
{
	watchdog("timeout");
	draw();
	assert_outcome(OUTCOME_LAB_ERROR, SCOPE_NONE);
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

/* What would have come behind may be the account of a kill. */
START_TEST(a_cut_record_proves_no_end_without_a_kill)
{
	static const char *const ends[] = {"\"signal\":9", "\"signal\":11", "\"status\":0",
					   "\"status\":7"};

	target_ended(ends[_i]);
	draw();
	assert_outcome(OUTCOME_LAB_ERROR, SCOPE_NONE);
}
END_TEST

START_TEST(a_cut_record_of_a_timeout_proves_no_end_either)
{
	watchdog("timeout");
	draw();
	assert_outcome(OUTCOME_LAB_ERROR, SCOPE_NONE);
}
END_TEST

/* A count that is lost may have been one of kills; one that is there shows that none was. */
START_TEST(a_damaged_record_proves_no_end_without_a_kill)
{
	if (_i)
		add("no line of oomlab's");
	target_ended("\"signal\":11");
	if (_i == 2)
		counted(0, 0, 0);
	add("{\"ev\":\"end\",\"t\":9900000000}");
	record_load_memory(text.buf, text.len, &record, &(struct err)ERR_INIT);
	conclusion_draw(&record, &conclusion);
	ck_assert_int_eq(conclusion.outcome, _i == 1 ? OUTCOME_LAB_ERROR : OUTCOME_SIGNALLED);
}
END_TEST

/* The lab itself sends SIGKILL at a timeout: the line that says so may be the one that is lost. */
START_TEST(a_damaged_record_does_not_tell_who_sent_sigkill)
{
	static const char *const ends[] = {"\"signal\":9", "\"status\":137,\"engine\":true",
					   "\"signal\":15", "\"status\":137"};
	static const enum outcome damaged[] = {OUTCOME_LAB_ERROR, OUTCOME_LAB_ERROR,
					       OUTCOME_SIGNALLED, OUTCOME_FAILED};
	static const enum outcome whole[] = {OUTCOME_SIGNALLED, OUTCOME_FAILED, OUTCOME_SIGNALLED,
					     OUTCOME_FAILED};
	bool is_damaged = _i % 2;

	if (is_damaged)
		add("no line of oomlab's");
	target_ended(ends[_i / 2]);
	counted(0, 0, 0);
	add("{\"ev\":\"end\",\"t\":9900000000}");
	record_load_memory(text.buf, text.len, &record, &(struct err)ERR_INIT);
	conclusion_draw(&record, &conclusion);
	ck_assert_int_eq(conclusion.outcome, is_damaged ? damaged[_i / 2] : whole[_i / 2]);
}
END_TEST

/* Its end has its pid as well as its start. */
START_TEST(a_target_whose_start_is_lost_is_no_child)
{
	char *start = strstr(text.buf, "{\"ev\":\"start\"");

	memset(start, ' ', strcspn(start, "\n"));
	oom(OWN, OWN, TARGET);
	target_ended("\"signal\":9");
	counted(0, 1, 1);
	add("{\"ev\":\"end\",\"t\":9900000000}");
	record_load_memory(text.buf, text.len, &record, &(struct err)ERR_INIT);
	conclusion_draw(&record, &conclusion);
	ck_assert_int_eq(conclusion.outcome, OUTCOME_OOM_KILLED);
}
END_TEST

/* Who it was is not known when nobody saw how the target ended. */
START_TEST(a_kill_that_the_guardian_counted_is_nobodys)
{
	add("{\"ev\":\"guardian\",\"t\":5,\"why\":\"launcher "
	    "gone\",\"ended\":0,\"left\":0,\"oom_kill\":1}");
	draw();
	ck_assert_int_eq(conclusion.outcome, OUTCOME_LAB_ERROR);
	ck_assert_int_eq(conclusion.killed, 1);
}
END_TEST

START_TEST(a_guardian_that_counted_none_tells_none)
{
	add("{\"ev\":\"guardian\",\"t\":5,\"why\":\"launcher "
	    "gone\",\"ended\":1,\"left\":0,\"oom_kill\":0}");
	draw();
	ck_assert_int_eq(conclusion.outcome, OUTCOME_LAB_ERROR);
	ck_assert_int_eq(conclusion.killed, 0);
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

/* A plain command could end with 77 itself. */
START_TEST(a_skip_is_77_where_there_is_a_verdict)
{
	add("{\"ev\":\"skip\",\"text\":\"no QEMU\"}");
	end();
	ck_assert_int_eq(conclusion.verdict, VERDICT_SKIP);
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 125);
	record.spec.has_expect = true;
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 77);
	record.spec.has_expect = false;
	record.spec.name = "x";
	ck_assert_int_eq(conclusion_exit_status(&record, &conclusion), 77);
	record.spec.name = NULL;
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
	tcase_add_test(t, a_childs_kill_does_not_make_a_sigkill_by_hand_the_targets);
	tcase_add_test(t, without_the_log_the_counter_decides);
	tcase_add_test(t, mark_victim_decides);
	tcase_add_test(t, another_processes_mark_victim_does_not);
	tcase_add_test(t, a_group_kill_is_the_targets);
	tcase_add_test(t, refused_by_the_gate);
	tcase_add_test(t, refused_by_the_trace);
	tcase_add_test(t, a_refusal_that_was_coped_with_is_survived);
	tcase_add_test(t, refused_by_what_preload_saw);
	tcase_add_test(t, a_refused_call_is_no_refusal_of_the_run);
	tcase_add_test(t, a_status_of_its_own_is_failed);
	tcase_add_test(t, whom_the_kernel_killed_first_did_not_time_out);
	tcase_add_test(t, stopped_while_held_back_is_throttled);
	tcase_add_test(t, a_panic_is_an_outcome);
	tcase_add_test(t, a_panic_after_the_kill_changes_nothing);
	tcase_add_test(t, stopped_while_nobody_could_be_killed_is_livelocked);
	tcase_add_test(t, the_watchdogs_word_for_a_livelock_counts);
	tcase_add_test(t, stopped_for_no_reason_of_memory_is_timed_out);
	tcase_add_test(t, interrupted_is_signalled_and_130);
	tcase_add_test(t, interrupted_before_the_guest_had_told_all);
	tcase_add_test(t, cut_short_without_a_word_is_not_known);
	tcase_add_test(t, an_oom_kill_before_the_watchdog_decides);
	tcase_add_test(t, a_cut_record_with_the_kill_line_decides);
	tcase_add_test(t, a_cut_record_without_it_is_a_lab_error);
	tcase_add_loop_test(t, a_cut_record_proves_no_end_without_a_kill, 0, 4);
	tcase_add_loop_test(t, a_damaged_record_proves_no_end_without_a_kill, 0, 3);
	tcase_add_loop_test(t, a_damaged_record_does_not_tell_who_sent_sigkill, 0, 8);
	tcase_add_test(t, a_target_whose_start_is_lost_is_no_child);
	tcase_add_test(t, a_cut_record_of_a_timeout_proves_no_end_either);
	tcase_add_test(t, a_kill_that_the_guardian_counted_is_nobodys);
	tcase_add_test(t, a_guardian_that_counted_none_tells_none);
	tcase_add_test(t, an_error_is_broken);
	tcase_add_test(t, a_skip_is_77_where_there_is_a_verdict);
	return t;
}

int main(void)
{
	TCase *const cases[] = {outcomes()};

	return suite_run("verdict", cases, ARRAY_SIZE(cases));
}
