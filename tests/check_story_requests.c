/* What brought a kill about: a page that was not to be had, or something else; and a panic instead. */
#include "story_helpers.h"
#include "suite.h"

#define HEAD(invoker) \
	KMSG("1",     \
	     invoker " invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0")
#define FRAMES(frame)                                                               \
	KMSG("2", "Call Trace:")                                                    \
	KMSG("3", " <TASK>")                                                        \
	KMSG("4", " out_of_memory+0x10e/0x5a0") KMSG("5", " " frame "+0x1b1/0x250") \
		KMSG("6", " </TASK>")
#define TABLE(swapped)                                                                             \
	KMSG("10", "Tasks state (memory values in pages):")                                        \
	KMSG("11",                                                                                 \
	     "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name") \
	KMSG("12",                                                                                 \
	     "[      7]     0     7    20000     8192   102400    " swapped "             0 sh")
#define MACHINE(anon)                                                                             \
	KMSG("20", "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0," \
		   "global_oom,task_memcg=/a,task=sh,pid=7,uid=0")                                \
	KMSG("21", "Out of memory: Killed process 7 (sh) total-vm:80000kB, anon-rss:" anon        \
		   "kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:100kB oom_score_adj:0")
#define LIMIT(anon)                                                                                \
	KMSG("20", "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0," \
		   "oom_memcg=/a,task_memcg=/a,task=sh,pid=7,uid=0")                               \
	KMSG("21",                                                                                 \
	     "Memory cgroup out of memory: Killed process 7 (sh) total-vm:80000kB, anon-rss:" anon \
	     "kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:100kB oom_score_adj:0")
#define PAST	"when the next page went past"
#define PROFILE "{\"ev\":\"source\",\"name\":\"touch profile\",\"open\":true}\n"

START_TEST(a_kill_of_the_reclaim_thread)
{
	tell(V2 CGROUP HEAD("kswapd0") FRAMES("lru_gen_age_node") MACHINE("32768") KILLED);
	says("It held 32 MiB of memory. No allocation had failed: free memory was low");
	says("No cgroup's: the kill was for the whole machine, so");
	does_not_say(PAST);
	does_not_say("nothing could be reclaimed");
	does_not_say("ran out of memory, so");
	tell(V2 CGROUP HEAD("sh") FRAMES("alloc_pages_slowpath") MACHINE("32768") KILLED);
	says("It held 32 MiB of memory " PAST " what the whole machine had left");
	says("the whole machine ran out of memory, so");
	does_not_say("No allocation had failed");
}
END_TEST

START_TEST(a_kill_by_hand_and_a_limit_lowered)
{
	tell(V2 CGROUP HEAD("kworker/0:1") FRAMES("moom_callback") MACHINE("32768") KILLED);
	says("Somebody requested a kill by hand (sysrq f), and the kernel chose this process.");
	does_not_say(PAST);
	tell(V2 CGROUP HEAD("sh") FRAMES("memory_max_write") LIMIT("32768") KILLED);
	says("A limit was lowered below what was in use, and the kernel killed the process.");
	does_not_say(PAST);
	tell(V2 CGROUP HEAD("sh") FRAMES("try_charge_memcg") LIMIT("61440") KILLED);
	does_not_say("A limit was lowered");
	does_not_say("by hand");
	says(PAST);
}
END_TEST

/* What was swapped out came from the same lines, and is part of what the process held. */
START_TEST(what_is_in_swap_counts)
{
	tell(V2 CGROUP PROFILE TOUCH("80000000") HEAD("sh") FRAMES("try_charge_memcg")
		     TABLE("12000") LIMIT("32768") KILLED);
	says("of these 46.9 MiB in swap) was first written in fill");
	tell(V2 CGROUP PROFILE TOUCH("33000000") HEAD("sh") FRAMES("try_charge_memcg") TABLE("0")
		     LIMIT("32768") KILLED);
	says("(31.5 MiB of 32 MiB) was first written in fill");
	does_not_say("in swap");
	tell(V2 CGROUP HEAD("sh") FRAMES("try_charge_memcg") TABLE("12000") LIMIT("61440") KILLED);
	says("It held 60 MiB of memory, and 46.9 MiB in swap, " PAST);
}
END_TEST

#define PANIC(words) "{\"ev\":\"panic\",\"text\":\"Kernel panic - not syncing: " words "\"}\n"

START_TEST(a_panic_is_told_as_one)
{
	tell(V2 CGROUP PANIC("Out of memory: system-wide panic_on_oom is enabled"));
	says("the kernel panicked");
	says("The kernel panicked instead of killing a process: memory ran out, and vm.panic_on_oom says");
	says("the kernel panicked before oomlab had drained its sources");
	does_not_say("oomlab was stopped");
	does_not_say("could not do its part");
	tell(V2 CGROUP PANIC("sysrq triggered crash"));
	says("The guest's kernel panicked while the program ran: Kernel panic - not syncing: sysrq "
	     "triggered crash. How the program would have ended is not known.");
	does_not_say("panic_on_oom");
	tell(V2 CGROUP);
	says("oomlab was stopped before it had drained its sources");
	does_not_say("panicked");
}
END_TEST

static TCase *requests(void)
{
	TCase *t = tcase_create("requests");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, a_kill_of_the_reclaim_thread);
	tcase_add_test(t, a_kill_by_hand_and_a_limit_lowered);
	tcase_add_test(t, what_is_in_swap_counts);
	tcase_add_test(t, a_panic_is_told_as_one);
	return t;
}

int main(void)
{
	TCase *const cases[] = {requests()};

	return suite_run("story_requests", cases, ARRAY_SIZE(cases));
}
