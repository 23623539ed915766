/* Whose memory a line is: ways of touching it, copies after fork(2), who had ended; and what to do where no line is known. */
#include "story_helpers.h"
#include "suite.h"

#define LIBC		    "{\"ev\":\"module\",\"id\":1,\"path\":\"/usr/lib/x86_64-linux-gnu/libc.so.6\"}\n"
#define FRAME(at, function) "{\"ev\":\"frame\",\"at\":\"" at "\",\"function\":\"" function "\"}\n"
#define BY(pid, stack, bytes)                                                                   \
	"{\"ev\":\"touch\",\"pid\":" pid ",\"samples\":3,\"anon\":" bytes ",\"stack\":\"" stack \
	"\"}\n"
#define MEMSET LIBC FRAME("1+5", "memset")

START_TEST(a_line_is_summed_up_whatever_wrote_there)
{
	tell(V2 CGROUP TOUCH("20000000") MEMSET BY("7", "1+5 0+10", "42000000")
		     DUMP_OF(HEAP, "65536") KILLED);
	says("92 % of its own memory (59.1 MiB of 64 MiB) was first touched in fill in prog.");
	tell(V2 CGROUP TOUCH("1000000") MEMSET BY("7", "1+5 0+10", "61000000")
		     DUMP_OF(HEAP, "65536") KILLED);
	says("92 % of its own memory (59.1 MiB of 64 MiB) was written by libc (memset), called in "
	     "fill in prog.");
	/* Another line's share is not this one's. */
	tell(V2 CGROUP TOUCH("30000000") FRAME("0+20", "other")
		     MEMSET BY("7", "1+5 0+20", "32000000") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say("was first touched in");
}
END_TEST

#define AT(path, frame) \
	"{\"ev\":\"module\",\"id\":0,\"path\":\"" path "\"}\n" frame BY("7", "0+10", "62000000")
#define LINE(number)                                                                                \
	"{\"ev\":\"frame\",\"at\":\"0+10\",\"function\":\"fill\",\"file\":\"a.c\",\"line\":" number \
	"}\n"
#define NO_LINE	    "No line is known for the largest row: build prog with -g, or install"
#define NO_FUNCTION "Neither function nor line is known for the largest row: build prog with -g and"
#define LINE_ZERO   "The compiler left no line for the largest row: prog built with -Og has more"

START_TEST(what_would_make_a_line_known_is_told)
{
	tell(V2 CGROUP AT("/x/prog", FRAME("0+10", "fill")) DUMP_OF(HEAP, "65536") KILLED);
	says(NO_LINE);
	tell(V2 CGROUP AT("/x/prog", "") DUMP_OF(HEAP, "65536") KILLED);
	says(NO_FUNCTION);
	tell(V2 CGROUP AT("/x/prog", LINE("0")) DUMP_OF(HEAP, "65536") KILLED);
	says(LINE_ZERO);
	tell(V2 CGROUP AT("/x/prog", LINE("4")) DUMP_OF(HEAP, "65536") KILLED);
	does_not_say("for the largest row");
	/* Nobody can build what a program made or loaded itself. */
	tell(V2 CGROUP AT("//anon", "") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say("for the largest row");
	tell(V2 CGROUP AT("/memfd:jit (deleted)", "") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say("for the largest row");
	tell(V2 CGROUP AT("[vdso]", "") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say("for the largest row");
}
END_TEST

#define LOST_SAMPLES(n) "{\"ev\":\"lost\",\"name\":\"samples\",\"count\":" n "}\n"

START_TEST(lost_samples_are_told_beside_the_table)
{
	tell(V2 CGROUP TOUCH("62000000") LOST_SAMPLES("7") DUMP_OF(HEAP, "65536") KILLED);
	says("Of the samples 70 % were lost: what came meanwhile is missing or stands with another "
	     "line, so these shares are rough.");
	tell(V2 CGROUP TOUCH("62000000") DUMP_OF(HEAP, "65536") KILLED);
	does_not_say("% were lost");
}
END_TEST

#define ROW(n, pid, pages, comm)                                       \
	KMSG(n, "[      " pid "]     0     " pid "    30000    " pages \
		"    45056        0             0 " comm)
#define TABLE(rows)                                                                                \
	KMSG("5", "Tasks state (memory values in pages):")                                         \
	KMSG("5", "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj " \
		  "name")                                                                          \
	rows
#define KILL_IN(memcg, pid, rows)                                                                 \
	KMSG("1", "sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0")  \
	KMSG("2", "memory: usage 65536kB, limit 65536kB, failcnt 65")                             \
	TABLE(rows)                                                                               \
	KMSG("7", "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0," \
		  "oom_memcg=" memcg ",task_memcg=" memcg ",task=sh,pid=" pid ",uid=0")           \
	KMSG("8", "Memory cgroup out of memory: Killed process " pid " (sh) total-vm:120000kB, "  \
		  "anon-rss:40960kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:44kB "           \
		  "oom_score_adj:0")
#define KILL_OF(pid, rows) KILL_IN("/a", pid, rows)
#define KILL(rows)	   KILL_OF("7", rows)
#define BOTH		   ROW("6", "7", "10240", "sh") ROW("6", "8", "10240", "kid")
#define COPIES(rest)                                                                        \
	FRAME("0+20", "bump")                                                               \
	"{\"ev\":\"touch\",\"pid\":8,\"samples\":200,\"faults\":6000,\"stack\":\"0+20\"}\n" \
	"{\"ev\":\"resident\",\"pid\":7,\"anon\":41943040,\"forked\":true}\n"               \
	"{\"ev\":\"resident\",\"pid\":8" rest "}\n"
#define CHILDS ",\"inherited\":41943040,\"forked\":true"

START_TEST(copies_after_a_fork_are_told_with_their_writer)
{
	tell(V2 CGROUP TOUCH("41943040") COPIES(CHILDS) KILL(BOTH) KILLED);
	says("the kernel killed the process. About 23.4 MiB were copies: in bump in prog, process "
	     "8 wrote to pages shared with its parent since fork(2).");
	/* Two of one line. */
	tell(V2 CGROUP TOUCH("20971520") FRAME(
		"0+20",
		"bump") "{\"ev\":\"touch\",\"pid\":8,\"samples\":99,\"faults\":4000,\"stack\":\"0+20\"}\n"
			"{\"ev\":\"touch\",\"pid\":9,\"samples\":99,\"faults\":2000,\"stack\":\"0+20\"}\n"
			"{\"ev\":\"resident\",\"pid\":8" CHILDS "}\n"
			"{\"ev\":\"resident\",\"pid\":9" CHILDS
			"}\n" KILL(BOTH ROW("6", "9", "10240", "kid")) KILLED);
	says("About 23.4 MiB were copies: in bump in prog, 2 processes wrote to pages shared with "
	     "the process that had started them since fork(2).");
	/* It had ended: its copies are gone. */
	tell(V2 CGROUP TOUCH("41943040") COPIES(CHILDS) KILL(ROW("6", "7", "10240", "sh")) KILLED);
	does_not_say("were copies: in");
	/* A tenth of the limit is not why it was reached. */
	tell(V2 CGROUP TOUCH("41943040") FRAME(
		"0+20",
		"bump") "{\"ev\":\"touch\",\"pid\":8,\"samples\":60,\"faults\":1600,\"stack\":\"0+20\"}\n"
			"{\"ev\":\"resident\",\"pid\":8" CHILDS "}\n" KILL(BOTH) KILLED);
	does_not_say("were copies: in");
}
END_TEST

#define NODE_KILL(constraint)                                                                    \
	KMSG("1", "sh invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0") \
	KMSG("7", "oom-kill:constraint=CONSTRAINT_" constraint                                   \
		  ",nodemask=1,cpuset=a,mems_allowed=1,global_oom,task_memcg=/a,task=sh,pid=7,"  \
		  "uid=0")                                                                       \
	KMSG("8", "Out of memory: Killed process 7 (sh) total-vm:120000kB, anon-rss:40960kB, "   \
		  "file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:44kB oom_score_adj:0")

/* There is no limit then that anything could go past. */
START_TEST(what_ran_out_is_told_by_its_scope)
{
	tell(V2 CGROUP TOUCH("41943040") NODE_KILL("CPUSET") KILLED);
	says("When the next page went past what the memory nodes of its cpuset had left, the kernel");
	tell(V2 CGROUP TOUCH("41943040") NODE_KILL("MEMORY_POLICY") KILLED);
	says("went past what the memory nodes of its memory policy had left, the kernel");
	tell(V2 CGROUP TOUCH("41943040") NODE_KILL("NONE") KILLED);
	says("went past what the whole machine had left");
	tell(V2 CGROUP TOUCH("41943040") KILL(BOTH) KILLED);
	does_not_say("had left, the kernel");
}
END_TEST

#define EARLIER BY("9", "0+10", "20000000") BY("10", "0+10", "30000000")
#define RUN_IN                                                                        \
	"{\"ev\":\"cgroup\",\"level\":0,\"path\":\"/run\",\"memory_max\":67108864}\n" \
	"{\"ev\":\"start\",\"t\":2,\"pid\":7,\"cgroup\":\"/run\"}\n{\"ev\":\"gate\",\"t\":3}\n"
#define LEFT	 "{\"ev\":\"run_process\",\"t\":4,\"pid\":9,\"parent\":7,\"cgroup\":\"/side\"}\n"
#define LOST_LOG "{\"ev\":\"lost\",\"name\":\"kmsg\",\"count\":1}\n"

START_TEST(who_had_ended_is_one_row)
{
	tell(V2 CGROUP TOUCH("41943040") EARLIER KILL(BOTH) KILLED);
	says("40.0  100.0  fill in prog");
	says("47.7         2 processes   had ended before the kill");
	does_not_say("This is what");
	/* A row that did not arrive is nobody's end. */
	tell(V2 CGROUP TOUCH("41943040") EARLIER KILL(BOTH) LOST_LOG KILLED);
	does_not_say("had ended before the kill");
	says("This is what 3 processes touched, all together");
	/* The run went on: who is not in the table may have come later. */
	tell(V2 CGROUP TOUCH("41943040") EARLIER KILL_OF("8", BOTH) LIVED);
	does_not_say("had ended before the kill");
	/* The table is that of a cgroup below: others of the run are not in it. */
	tell(V2 RUN_IN TOUCH("41943040") EARLIER KILL_IN("/run/kid", "7", BOTH) KILLED);
	does_not_say("had ended before the kill");
	tell(V2 RUN_IN TOUCH("41943040") EARLIER KILL_IN("/run", "7", BOTH) KILLED);
	says("had ended before the kill");
	/* Who has left the cgroup is in no table of it. */
	tell(V2 CGROUP LEFT TOUCH("41943040") EARLIER KILL(BOTH) KILLED);
	does_not_say("had ended before the kill");
	/* What it left in tmpfs is charged still. */
	tell(V2 CGROUP TOUCH("41943040") EARLIER
	     "{\"ev\":\"touch\",\"pid\":9,\"samples\":3,\"shmem\":9000000,\"mapping\":1,\"stack\":\"0+10\"}\n"
	     "{\"ev\":\"mapping\",\"id\":1,\"pid\":9,\"what\":\"shared\",\"start\":4096,\"bytes\":9000000}\n" KILL(
		     BOTH) KILLED);
	does_not_say("had ended before the kill");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("shares");
	TCase *const cases[] = {tc};

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, a_line_is_summed_up_whatever_wrote_there);
	tcase_add_test(tc, what_would_make_a_line_known_is_told);
	tcase_add_test(tc, lost_samples_are_told_beside_the_table);
	tcase_add_test(tc, what_ran_out_is_told_by_its_scope);
	tcase_add_test(tc, copies_after_a_fork_are_told_with_their_writer);
	tcase_add_test(tc, who_had_ended_is_one_row);
	return suite_run("story_shares", cases, ARRAY_SIZE(cases));
}
