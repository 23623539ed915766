/*
 * check_stopped.c - runs that the lab stopped: at their limit and thrashing, at it, far from it, or
 * not known; memory is acquitted only where the record says so.
 */
#include <check.h>

#include "story_helpers.h"
#include "suite.h"

/* At its limit of 64 MiB with 16 MiB of files; n pages of them were read again by now. */
#define REREAD(t, n, more)                                                                         \
	"{\"ev\":\"sample\",\"t\":" t ",\"current\":67108000,\"peak\":67108864,\"file\":16777216," \
	"\"workingset_refault_file\":" n more "}\n"
#define STOPPED                                                         \
	"{\"ev\":\"watchdog\",\"t\":10000000003,\"why\":\"timeout\"}\n" \
	"{\"ev\":\"exit\",\"t\":10000000003,\"pid\":7,\"target\":true,\"signal\":9}\n"
#define THRASH(max, pages, us)                                                                \
	V2 CGROUP COUNTS("before", "\"max\":3,\"oom_kill\":0,\"high\":0") REREAD(             \
		"4", "70", ",\"pgmajfault\":100,\"psi_full_us\":50,\"psi_some_us\":9")        \
		REREAD("9000000000", pages,                                                   \
		       ",\"pgmajfault\":9100,\"psi_full_us\":" us ",\"psi_some_us\":4500009") \
			STOPPED COUNTS("after", "\"max\":" max ",\"oom_kill\":0,\"high\":0") ENDED
#define ENDED "{\"ev\":\"end\",\"t\":10000000009}\n"

START_TEST(a_run_that_is_at_its_limit_and_not_killed_thrashes)
{
	tell(THRASH("5003", "20070", "4000050"));
	says("It was at its limit and thrashed: what it needed of files was dropped and read "
	     "again, over and over. [memory.events max 3->5003; workingset_refault_file 20070 in "
	     "sample 2; memory.pressure; watchdog: timeout]");
	says("It ran into its limit 5000 times, and the kernel could still drop pages of files: "
	     "78.1 MiB of files were read again soon after they had been dropped.");
	says("9000 page faults had to wait for a page to be read. [pgmajfault 9100 in sample 2] "
	     "For 4.00 s nothing in it could go on for want of memory. [memory.pressure full]");
	does_not_say("to blame");
	tell(THRASH("5003", "3070", "4000050"));
	says("dropped and read again. [");
	/* Each of the three alone proves nothing; and none of them acquits memory. */
	tell(THRASH("90", "20070", "4000050"));
	does_not_say("thrash");
	does_not_say("to blame");
	says("It had come to its limit, 64 MiB, and nobody was killed. 78.1 MiB of files were "
	     "read again soon after they had been dropped. 9000 page faults had to wait for a "
	     "page to be read. It waited for memory for 4.50 s in all.");
	tell(THRASH("5003", "170", "4000050"));
	does_not_say("thrash");
	tell(THRASH("5003", "20070", "400050"));
	does_not_say("thrash");
}
END_TEST

/* memory.high just under the limit is the lab's own, to warn of it: as good as the limit. */
START_TEST(memory_high_of_the_lab_is_no_other_than_the_limit)
{
#define ARMED                                                                          \
	"{\"ev\":\"premortem\",\"percent\":50,\"limit\":67108864,\"high\":33554432}\n" \
	"{\"ev\":\"premortem_thaw\",\"t\":9999999999,\"high_events\":600}\n"
#define BELOW(t, pages, us)                                                      \
	"{\"ev\":\"sample\",\"t\":" t ",\"current\":33554432,\"file\":16777216," \
	"\"workingset_refault_file\":" pages ",\"psi_full_us\":" us ",\"psi_some_us\":" us "}\n"
#define HELD(more) "\"max\":0,\"oom_kill\":0,\"high\":" more
	tell(V2 CGROUP COUNTS("before", HELD("0")) ARMED BELOW("4", "0", "0") BELOW(
		"9000000000", "20000", "4000000") STOPPED COUNTS("after", HELD("600")) ENDED);
	says("It was at its limit and thrashed");
	says("It ran into its limit, or into memory.high that oomlab had set just under it, 600 "
	     "times, and the kernel could still drop");
	says("[memory.events high 0->600; workingset_refault_file 20000 in sample 2]");
	tell(V2 CGROUP COUNTS("before", HELD("0")) ARMED BELOW("4", "0", "0") BELOW(
		"9000000000", "20000", "4000") STOPPED COUNTS("after", HELD("600")) ENDED);
	says("It had come to memory.high, which oomlab had set to 32 MiB, just under its limit of "
	     "64 MiB, and nobody was killed. 78.1 MiB of files were read again");
	does_not_say("to blame");
	does_not_say("thrash");
}
END_TEST

#define BEFORE_V1 COUNTS("before", "\"max\":0,\"oom_kill\":0")
#define AFTER_V1  COUNTS("after", "\"max\":0,\"oom_kill\":0")

/* v1 has no pressure, and kernels of late count no failure of the limit there. */
START_TEST(a_run_on_v1_thrashes_as_well)
{
	tell(RUN CGROUP BEFORE_V1 REREAD("4", "70", ",\"pgmajfault\":0")
		     REREAD("9000000000", "20070", ",\"pgmajfault\":4548") STOPPED AFTER_V1 ENDED);
	says("It was at its limit and thrashed: what it needed of files was dropped and read "
	     "again, over and over. [workingset_refault_file 20070 in sample 2; watchdog: "
	     "timeout]");
	says("It was at its limit, 64 MiB charged at most, and the kernel could still drop");
	says("4548 page faults had to wait");
	does_not_say("to blame");
	does_not_say("before the end");
	/* Long before it was stopped; with no word of what was read again. */
	tell(RUN CGROUP BEFORE_V1 REREAD("4", "70", "") REREAD("900000000", "20070", "")
		     STOPPED AFTER_V1 ENDED);
	does_not_say("It was at its limit and thrashed");
	says("That is thrashing: the OOM killer comes only when nothing is left that can be "
	     "dropped. [workingset_refault_file 20070 in sample 2] It was over 9.10 s before the "
	     "end. [workingset_refault_file 20070 in sample 2]");
	says("How long it waited for memory is not known.");
	tell(RUN CGROUP BEFORE_V1
	     "{\"ev\":\"sample\",\"t\":4,\"current\":67108864,\"pgmajfault\":0}\n"
	     "{\"ev\":\"sample\",\"t\":5,\"current\":67108864,\"pgmajfault\":4548}\n" STOPPED
		     AFTER_V1 ENDED);
	does_not_say("thrash");
	does_not_say("to blame");
	says("It had come to its limit, 64 MiB, and nobody was killed. 4548 page faults had to "
	     "wait for a page to be read. How long it waited for memory is not known.");
}
END_TEST

#define FAR "{\"ev\":\"sample\",\"t\":4,\"current\":4096,\"peak\":33554432}\n"

START_TEST(memory_is_acquitted_only_where_it_is_known)
{
	tell(RUN CGROUP BEFORE_V1 FAR STOPPED AFTER_V1 ENDED);
	says("The OOM killer is not to blame: at most 32 MiB of its limit of 64 MiB were charged.");
	does_not_say("memory.high");
	tell(V2 CGROUP COUNTS("before", "\"max\":0,\"oom_kill\":0,\"high\":0")
		     FAR STOPPED COUNTS("after", "\"max\":0,\"oom_kill\":0,\"high\":0") ENDED);
	says("Neither memory.high nor the OOM killer is to blame: at most 32 MiB of its limit");
	tell(V2 CGROUP COUNTS("before", "\"max\":0,\"oom_kill\":0,\"high\":0")
		     FAR STOPPED COUNTS("after", "\"max\":0,\"oom_kill\":0,\"high\":5") ENDED);
	says("memory.high held it back 5 times; the OOM killer killed nobody: at most 32 MiB");
	/* The limit above it was met; nothing could be counted. */
	tell(V2 CGROUP COUNTS(
		"before",
		"\"max\":0,\"oom_kill\":0,\"high\":0") "{\"ev\":\"cgroup\",\"level\":1,\"path\":\"/"
						       "\",\"memory_max\":50331648}\n"
						       "{\"ev\":\"counters\",\"t\":1,\"level\":1,"
						       "\"when\":\"before\",\"events\":{\"max\":0}}"
						       "\n"
						       "{\"ev\":\"counters\",\"t\":9,\"level\":1,"
						       "\"when\":\"after\",\"events\":{\"max\":9}}"
						       "\n" FAR STOPPED COUNTS(
							       "after", "\"max\":0,\"oom_kill\":0,"
									"\"high\":0") ENDED);
	says("It had come to a limit above its own, 48 MiB, and nobody was killed.");
	does_not_say("to blame");
	tell(RUN CGROUP FAR STOPPED ENDED);
	says("Whether memory had a part in that is not known");
	does_not_say("to blame");
}
END_TEST

#define CHILD_KILLED                                                                              \
	"{\"ev\":\"kmsg\",\"t\":8,\"seq\":1,\"pri\":4,\"text\":\"oom-kill:constraint=CONSTRAINT_" \
	"MEMCG,"                                                                                  \
	"nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/"                       \
	"a,task=kid,pid=8,uid=0\"}\n"                                                             \
	"{\"ev\":\"kmsg\",\"t\":8,\"seq\":2,\"pri\":4,\"text\":\"Memory cgroup out of memory: "   \
	"Killed "                                                                                 \
	"process 8 (kid) total-vm:2592kB, anon-rss:4kB, file-rss:1508kB, shmem-rss:0kB, UID:0 "   \
	"pgtables:44kB oom_score_adj:0\"}\n"

START_TEST(who_was_killed_before_is_not_forgotten)
{
	tell(RUN CGROUP BEFORE_V1 FAR CHILD_KILLED STOPPED COUNTS("after", "\"oom_kill\":1") ENDED);
	says("kid (pid 8)");
	does_not_say("to blame");
	does_not_say("nobody was killed");
	tell(RUN CGROUP BEFORE_V1 FAR CHILD_KILLED STOPPED COUNTS("after", "\"oom_kill\":0") ENDED);
	does_not_say("to blame");
	does_not_say("nobody was killed");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("stopped");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, a_run_that_is_at_its_limit_and_not_killed_thrashes);
	tcase_add_test(tc, memory_high_of_the_lab_is_no_other_than_the_limit);
	tcase_add_test(tc, a_run_on_v1_thrashes_as_well);
	tcase_add_test(tc, memory_is_acquitted_only_where_it_is_known);
	tcase_add_test(tc, who_was_killed_before_is_not_forgotten);
	return suite_run("stopped", (TCase *[]){tc}, 1);
}
