/*
 * check_story_files.c - sentences about files that live in memory: by which line they were written
 * when the limit was hit, and that /tmp is memory in a VM alone.
 */
#include "story_helpers.h"
#include "suite.h"

/* A kill of process 7 while its thread 7 was in a write(2), or in a page fault of write(2). */
#define KILL_IN(frame)                                                                                              \
	KMSG("1", "head invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0")                  \
	KMSG("2", "CPU: 1 UID: 0 PID: 7 Comm: head Not tainted 6.12.0 #1")                                          \
	KMSG("3", "Call Trace:")                                                                                    \
	KMSG("4", " <TASK>") KMSG("5", " dump_stack_lvl+0x5d/0x80") KMSG(                                           \
		"6", " oom_kill_process+0x1/0x2") KMSG("7", " " frame "+0x1d4/0x480")                               \
		KMSG("8", " do_syscall_64+0x1/0x2") KMSG("9", "RIP: 0033:0x7f0000001000") KMSG(                     \
			"10",                                                                                       \
			"RSP: 002b:00007ffc7c6ffc98 EFLAGS: 00000202 ORIG_RAX: 0000000000000001")                   \
			KMSG("11", " </TASK>") KMSG(                                                                \
				"12", "memory: usage 65536kB, limit 65536kB, failcnt 65")                           \
				KMSG("13", "Memory cgroup stats for /a:") TMPFS KMSG(                               \
					"17",                                                                       \
					"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"            \
					"mems_allowed=0,oom_memcg=/a,task_memcg=/a,task=sh,pid=7,uid=0")            \
					KMSG("18",                                                                  \
					     "Memory cgroup out of memory: Killed process 7 (sh) total-vm:2592kB, " \
					     "anon-rss:4kB, file-rss:1508kB, shmem-rss:0kB, UID:0 pgtables:44kB "   \
					     "oom_score_adj:0")
#define WRITING KILL_IN("shmem_write_begin")
#define SITE	"{\"ev\":\"site\",\"address\":139637976731648,\"function\":\"__write\"}\n"
#define FRAMES                                                                                  \
	"{\"ev\":\"module\",\"id\":0,\"path\":\"/x/prog\"}\n"                                   \
	"{\"ev\":\"module\",\"id\":3,\"path\":\"/lib/libc.so.6\"}\n"                            \
	"{\"ev\":\"frame\",\"at\":\"0+10\",\"function\":\"spill\",\"file\":\"/a/b.c\",\"line\"" \
	":7}\n{\"ev\":\"frame\",\"at\":\"3+20\",\"function\":\"__write\"}\n"                    \
	"{\"ev\":\"frame\",\"at\":\"3+30\",\"function\":\"__memset_avx2\"}\n"                   \
	"{\"ev\":\"frame\",\"at\":\"3+40\",\"function\":\"fwrite\"}\n"
#define INVOKER(tid, victim, stack)                                                \
	"{\"ev\":\"invoker\",\"t\":8,\"pid\":7,\"tid\":" tid ",\"victim\":" victim \
	",\"stack\":\"" stack "\"}\n"
#define FILE_OF(name)                                                                    \
	"{\"ev\":\"memory_file\",\"t\":5,\"name\":\"" name "\",\"size\":9,\"resident\":" \
	"60000000,\"pid\":7,\"comm\":\"head\"}\n"

START_TEST(who_writes_to_a_file_in_memory_is_a_line_of_the_program)
{
	tell(V2 CGROUP SITE FRAMES FILE_OF("/dev/shm/x") INVOKER("7", "7", "3+20 0+10")
		     WRITING KILLED);
	/* On the first screen, in the section of files, and where the kernel's own words are. */
	says("whoever is killed. When the limit was hit, head (pid 7) was writing to a file in "
	     "memory, in __write, called from spill at a/b.c:7. [kmsg 12; record line ");
	says("nobody has it open. [record line 13] When the limit was hit, head (pid 7) was "
	     "writing to a file in memory, in __write, called from spill at a/b.c:7. [record");
	says("At that moment it was in __write, called from spill at "
	     "a/b.c:7. [kmsg 9; record line");
	/* In a page fault of what fwrite(3) does: that it writes is told, but not where to. */
	tell(V2 CGROUP SITE FRAMES FILE_OF("/dev/shm/x") INVOKER("7", "7", "3+30 3+40 0+10")
		     KILL_IN("filemap_fault") KILLED);
	says("When the limit was hit, head (pid 7) was in __memset_avx2, called from spill at "
	     "a/b.c:7.");
	does_not_say("writing to a file in memory");
}
END_TEST

START_TEST(who_is_not_known_to_write_is_not_named)
{
	/* Not by this thread, not at this kill, not by a write, not by a function. */
	tell(V2 CGROUP SITE FRAMES INVOKER("8", "7", "3+20 0+10") WRITING KILLED);
	does_not_say("called from");
	does_not_say("When the limit was hit");
	tell(V2 CGROUP SITE FRAMES INVOKER("7", "8", "3+20 0+10") WRITING KILLED);
	does_not_say("called from");
	tell(V2 CGROUP SITE FRAMES INVOKER("7", "7", "3+30 0+10") WRITING KILLED);
	does_not_say("When the limit was hit");
	tell(V2 CGROUP SITE FRAMES INVOKER("7", "7", "3+20 0+99") WRITING KILLED);
	does_not_say("called from");
	tell(V2 CGROUP SITE FRAMES INVOKER("7", "7", "0+10") WRITING KILLED);
	does_not_say("called from");
	tell(V2 CGROUP SITE FRAMES WRITING KILLED);
	does_not_say("called from");
	/* The record's pids are not those of the kernel log. */
	tell(V2 CGROUP
	     "{\"ev\":\"setting\",\"name\":\"pid_namespace\",\"value\":\"1\"}\n" SITE FRAMES
		     INVOKER("7", "7", "3+20 0+10") WRITING KILLED);
	does_not_say("called from");
}
END_TEST

#define SAMPLE(files)                                                                        \
	"{\"ev\":\"sample\",\"t\":5,\"current\":67108864,\"anon\":221184,\"file\":66375680," \
	"\"shmem\":66375680" files "}\n"
#define IN_VM "In this VM /tmp is memory: where /tmp is on a disk these files are cache, which the "

START_TEST(that_tmp_is_memory_is_told_first_where_the_kill_was_for_it)
{
	tell(V2 CGROUP SAMPLE(",\"tmp_files\":66000000,\"shm_files\":0") DUMP(TMPFS) KILLED);
	says("whoever is killed. " IN_VM "kernel can write out and drop, and the program may "
	     "survive. [kmsg 2; sample 1");
	/* Elsewhere in memory; a little of it; not in a VM; nobody was killed; other memory. */
	tell(V2 CGROUP SAMPLE(",\"tmp_files\":0,\"shm_files\":66000000") DUMP(TMPFS) KILLED);
	says("whoever is killed.");
	does_not_say("In this VM");
	tell(V2 CGROUP SAMPLE(",\"tmp_files\":20000000,\"shm_files\":46000000") DUMP(TMPFS) KILLED);
	does_not_say("In this VM");
	tell(V2 CGROUP SAMPLE("") FILE_OF("/tmp/x") DUMP(TMPFS) KILLED);
	does_not_say("In this VM");
	tell(V2 CGROUP SAMPLE(",\"tmp_files\":66000000,\"shm_files\":0") LIVED);
	does_not_say("In this VM");
	tell(V2 CGROUP SAMPLE(",\"tmp_files\":66000000,\"shm_files\":0") DUMP(HEAP) KILLED);
	does_not_say("In this VM");
}
END_TEST

static TCase *sentences(void)
{
	TCase *tc = tcase_create("sentences");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, who_writes_to_a_file_in_memory_is_a_line_of_the_program);
	tcase_add_test(tc, who_is_not_known_to_write_is_not_named);
	tcase_add_test(tc, that_tmp_is_memory_is_told_first_where_the_kill_was_for_it);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {sentences()};

	return suite_run("story_files", cases, ARRAY_SIZE(cases));
}
