/*
 * check_oomlog_logs.c - small logs to events: what kernels from 2.6.8 on print, whole or not, and
 * what belongs together.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "oomlog_seen.h"
#include "suite.h"

static struct seen parse(const char *text)
{
	struct seen seen = {0};

	parse_with(describe, &seen, text, strlen(text), strlen(text) + 1);
	return seen;
}

static const struct {
	const char *text, *expect;
} snippets[] = {
	/* a name that holds the label behind it */
	{"[ 1.000001] Out of memory: Killed process 5 (x) total-vm:9kB) total-vm:123kB, "
	 "anon-rss:1kB\n",
	 "?>x) total-vm:9kB:5 global - -\n"},
	/* a newline in a name, as /dev/kmsg writes it */
	{"3,2,1001,-;Out of memory: Killed process 9 (a\\x0ab) total-vm:123kB, anon-rss:1kB\n",
	 "?>a\nb:9 global - -\n"},
	/* kill lines without a report are events of their own */
	{"[ 1.000001] Memory cgroup out of memory: Killed process 5 (a) total-vm:9kB\n"
	 "[ 1.000002] Memory cgroup out of memory: Killed process 6 (b) total-vm:9kB\n",
	 "?>a:5 memcg - -\n?>b:6 memcg - -\n"},
	/* blanks behind commas, as people write; a path may hold them */
	{"oom-kill:constraint=CONSTRAINT_NONE, global_oom,\n                 task_memcg=/init.scope, "
	 "task=find, pid=3524, uid=1000\n",
	 "?>find:3524 global - /init.scope\n"},
	{"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),global_oom,task_memcg=/a, task=b, pid=1,"
	 "task=find,pid=3524,uid=1000\n",
	 "?>find:3524 global - /a, task=b, pid=1\n"},
	/* a trace of a kill without the lines before it; not one of a stall in a dump */
	{"[ 1.000001]  dump_stack+0x1/0x2\n[ 1.000001]  dump_header+0x1/0x2\n"
	 "[ 1.000001]  oom_kill_process+0x1/0x2\n[ 1.000001]  out_of_memory+0x1/0x2\n"
	 "[ 1.000001]  __alloc_pages+0x1/0x2\n",
	 "?> global - -\n"},
	{"[ 1.000001]  console_unlock+0x1/0x2\n[ 1.000001]  dump_header+0x1/0x2\n"
	 "[ 1.000001]  oom_kill_process+0x1/0x2\n[ 1.000001]  out_of_memory+0x1/0x2\n"
	 "[ 1.000001]  __alloc_pages+0x1/0x2\n",
	 ""},
	/* kswapd's kill is the machine's */
	{"kswapd0 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	 " out_of_memory+0x1/0x2\n lru_gen_age_node+0x1/0x2\n",
	 "kswapd0> global - -\n"},
	/* the kill line in front of its dump; and one of another kill there */
	{"Out of memory: Killed process 9 (b) total-vm:4kB, anon-rss:4kB, file-rss:0kB\n"
	 "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	 "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),global_oom,task_memcg=/,task=b,pid=9,"
	 "uid=0\n",
	 "a>b:9 global - /\n"},
	{"Out of memory: Killed process 8 (b) total-vm:4kB, anon-rss:4kB, file-rss:0kB\n"
	 "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	 "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),global_oom,task_memcg=/,task=b,pid=9,"
	 "uid=0\n",
	 "?>b:8 global - -\na>b:9 global - /\n"},
	{"Out of memory: Killed process 9 (b) total-vm:4kB, anon-rss:4kB, file-rss:0kB\n"
	 "a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	 "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),global_oom,task_memcg=/,task=b,pid=9,"
	 "uid=0\n"
	 "Out of memory: Killed process 9 (b) total-vm:8kB, anon-rss:8kB, file-rss:0kB\n",
	 "?>b:9 global - -\na>b:9 global - /\n"},
	/* rows of a table without its header, if there are three */
	{"[ 1.000001] [    202]     0   202    17179     8192   110592        0             0 a\n"
	 "[ 1.000001] [    203]     0   203    17179     8192   110592        0             0 b\n"
	 "[ 1.000001] [    204]     0   204    17179     8192   110592        0             0 c\n",
	 "?> ? - -\n"},
	{"[ 1.000001] [    202]     0   202    17179     8192   110592        0             0 a\n"
	 "[ 1.000001] [    203]     0   203    17179     8192   110592        0             0 b\n",
	 ""},
	/* a child dies for its parent: one event */
	{"[ 1.000001] Out of memory: Kill process 5 (a) score 9 or sacrifice child\n"
	 "[ 1.000002] Killed process 6 (b) total-vm:9kB\n",
	 "?>b:6 global - -\n"},
	/* the summary line in pieces, another message between */
	{"[ 1.000001] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null)\n"
	 "[ 1.000002] usb 1-1: new device\n"
	 "[ 1.000003] ,cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b\n"
	 "[ 1.000004] ,task=x,pid=1,uid=2\n",
	 "?>x:1 ancestor /a /a/b\n"},
	/* "Task in" in pieces */
	{"May 1 00:00:00 h kernel: Task in \nMay 1 00:00:00 h kernel: /A/b\n"
	 "May 1 00:00:00 h kernel:  killed as a result of limit of \nMay 1 00:00:00 h kernel: /A\n"
	 "May 1 00:00:00 h kernel: memory: usage 8kB, limit 8kB, failcnt 1\n",
	 "?> ancestor /A /A/b\n"},
	/* cut inside the constraint: nothing is made of it */
	{"[ 1.000001] oom-kill:constraint=CONST\n", "?> ? - -\n"},
	/* 2.6 and OpenVZ */
	{"Out of memory: kill process 7 (old) score 9 or a child\nKilled process 8 (kid) vsz:4kB, "
	 "anon-rss:1kB, file-rss:0kB\n",
	 "?>kid:8 global - -\n"},
	{"190708 (httpd.itk) invoked oom-killer in ub 103 generation 0 gfp 0x200d2\n"
	 "Out of memory in UB 103: OOM killed process 21738 (php-cgi) score 0 vm:4kB, rss:2kB, "
	 "swap:0kB\n",
	 "httpd.itk(190708)>php-cgi:21738 ? - -\n"},
	/* a cpuset that is full is not the machine */
	{"oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=(null),cpuset=c,mems_allowed=4,global_oom,"
	 "task_memcg=/s,task=d,pid=3,uid=0\n",
	 "?>d:3 cpuset - /s\n"},
	/* a name broken at its blank */
	{"[ 1.000001] Web\nContent invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0,\n"
	 "oom_score_adj=0\n[ 1.000002] Out of memory: Killed process 3 (Web Content)\n"
	 "total-vm:4kB, anon-rss:1kB\n",
	 "Web Content>Web Content:3 global - -\n"},
	/* a choice that is not killed yet, told by two CPUs; then the kill, told twice */
	{"Out of memory: kill process 12 (q) score 7 or a child\n"
	 "Out of memory: kill process 12 (q) score 7 or a child\nKilled process 12 (q)\n"
	 "Killed process 12 (q)\n",
	 "?>q:12 global - -\n"},
	/* the same without its line ends */
	{"Killed process 9 (t)Out of memory: kill process 12 (q) score 7 or a childKilled process "
	 "12 "
	 "(q)\n",
	 "?>t:9 ? - -\n?>q:12 global - -\n"},
	/* 2.6.11 to 2.6.19: the choice and the kill both have first words */
	{"oom-killer: gfp_mask=0x280d2, order=0\n"
	 "Out of Memory: Kill process 4809 (bash) score 2904 and children.\n"
	 "Out of memory: Killed process 4846 (sa-learn).\n",
	 "?>sa-learn:4846 global - -\n"},
	/* 2.6.8: once for each task that shares the memory */
	{"Out of Memory: Killed process 737 (xchats).\nOut of Memory: Killed process 739 "
	 "(xchats).\n"
	 "Out of Memory: Killed process 716 (xchatl).\n",
	 "?>xchats:737,xchats:739 global - -\n?>xchatl:716 global - -\n"},
	/* 5.0 has a summary and a choice */
	{"a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	 "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/a,task_memcg=/a,task=a,"
	 "pid=8,uid=0\n"
	 "Memory cgroup out of memory: Kill process 8 (a) score 822 or sacrifice child\n"
	 "Killed process 8 (a) total-vm:9kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB\n",
	 "a>a:8 own /a /a\n"},
	/* a group kill whose announcement was filtered out: its victim comes again */
	{"Memory cgroup out of memory: Killed process 5 (a) total-vm:9kB, anon-rss:1kB\n"
	 "Memory cgroup out of memory: Killed process 6 (b) total-vm:8kB, anon-rss:1kB\n"
	 "Memory cgroup out of memory: Killed process 5 (a) total-vm:9kB, anon-rss:1kB\n",
	 "?>a:5,b:6 memcg - -\n"},
	/* only the reaper names it */
	{"memory: usage 8kB, limit 8kB, failcnt 1\n"
	 "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"
	 "[      7]     0     7        1        1     4096        0             0 main\n"
	 "oom_reaper: reaped process 7 (main), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB\n",
	 "?>main:7 memcg - -\n"},
	/* ... unless it is the one killed before */
	{"Memory cgroup out of memory: Killed process 7 (main) total-vm:9kB\n"
	 "memory: usage 8kB, limit 8kB, failcnt 1\n"
	 "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"
	 "[      7]     0     7        1        1     4096        0             0 main\n"
	 "oom_reaper: reaped process 7 (main), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB\n",
	 "?>main:7 memcg - -\n?> memcg - -\n"},
	/* the beginning is missing: counters and statistics lead to the kill behind them */
	{"[ 1.000001] 512558 pages RAM\n[ 1.000002] Out of memory: Killed process 3 (a) "
	 "total-vm:4kB\n",
	 "?>a:3 global - -\n"},
	{"[ 1.000001] Memory cgroup stats for /a/b:\n[ 1.000002] anon 4096\n"
	 "[ 1.000003] Memory cgroup out of memory: Killed process 3 (a) total-vm:4kB\n",
	 "?>a:3 memcg /a/b -\n"},
	/* a constraint is one word, and only some are the machine's */
	{"oom-kill:constraint=CONSTRAINT_MEMCG ... task=java,pid=18,uid=0\n", "?> memcg - -\n"},
	/* the invoker prints it: its pid by caller id */
	{"[    1.000001][  T248] sed invoked oom-killer: gfp_mask=0x0(), order=0, "
	 "oom_score_adj=0\n",
	 "sed(248)> ? - -\n"},
	/* mail that breaks behind hyphens */
	{"[    1.000000][  T248] sed invoked oom-killer: gfp_mask=0x0(), order=0, oom_score_adj=0\n"
	 "[    1.000001][  T248] oom-\nkill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,"
	 "mems_allowed=0,global_oom,task_memcg=/s,task=d,pid=3,uid=0\n",
	 "sed(248)>d:3 global - /s\n"},
	/* a dump that ends at its table, and another day's kill */
	{"Mar  8 11:36:09 h kernel: a invoked oom-killer: gfp_mask=0xd0, order=0\n"
	 "Mar  9 08:05:01 h kernel: Out of memory: Kill process 9772 (ruby) score 9 or sacrifice "
	 "child\n"
	 "Mar  9 08:05:01 h kernel: Killed process 9787 (ruby) total-vm:9kB\n",
	 "a> ? - -\n?>ruby:9787 global - -\n"},
	{"[  184.000001] a invoked oom-killer: gfp_mask=0xd0, order=0\n"
	 "[  900.000001] Out of memory: Killed process 9 (b) total-vm:9kB\n",
	 "a> ? - -\n?>b:9 global - -\n"},
	/* hours of one digit and of two, behind a date or alone */
	{"1:02:03 h kernel: a invoked oom-killer: gfp_mask=0xd0, order=0\n"
	 "1:02:04 h kernel: Out of memory: Killed process 9 (b) total-vm:9kB\n",
	 "a>b:9 global - -\n"},
	{"01:02:03 h kernel: a invoked oom-killer: gfp_mask=0xd0, order=0\n"
	 "01:02:04 h kernel: Out of memory: Killed process 9 (b) total-vm:9kB\n",
	 "a>b:9 global - -\n"},
	{"9:59:59 h kernel: a invoked oom-killer: gfp_mask=0xd0, order=0\n"
	 "10:00:01 h kernel: Out of memory: Killed process 9 (b) total-vm:9kB\n",
	 "a>b:9 global - -\n"},
	{"1:02:03 h kernel: a invoked oom-killer: gfp_mask=0xd0, order=0\n"
	 "1:12:04 h kernel: Out of memory: Killed process 9 (b) total-vm:9kB\n",
	 "a> ? - -\n?>b:9 global - -\n"},
	{"Mar 8 9:59:59 h kernel: a invoked oom-killer: gfp_mask=0xd0, order=0\n"
	 "Mar 8 10:12:04 h kernel: Out of memory: Killed process 9 (b) total-vm:9kB\n",
	 "a> ? - -\n?>b:9 global - -\n"},
	{"3/8/2019 12:59:59 PM h kernel: a invoked oom-killer: gfp_mask=0xd0, order=0\n"
	 "3/8/2019 1:00:01 PM h kernel: Out of memory: Killed process 9 (b) total-vm:9kB\n",
	 "a>b:9 global - -\n"},
	/* characters as JSON escapes them: whole, of two surrogates, halves, and what is no escape */
	{"{\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"Out of memory: Killed process 9 "
	 "(\\u00e9\\u20ac\\uD83D\\ude00) total-vm:9kB\"}\n",
	 "?>\u00e9\u20ac\U0001f600:9 global - -\n"},
	{"{\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"Out of memory: Killed process 9 "
	 "(\\ud83dx\\ude00\\ud83d\\u0041\\u0000) total-vm:9kB\"}\n",
	 "?>\ufffdx\ufffd\ufffdA\ufffd:9 global - -\n"},
	{"{\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"Out of memory: Killed process 9 "
	 "(\\u12g4 \\u+123) total-vm:9kB\"}\n",
	 "?>\\u12g4 \\u+123:9 global - -\n"},
	/* quoted again, with its stamp and without */
	{"[  184.000001] Out of memory: Killed process 9 (b) total-vm:9kB, anon-rss:1kB\nso:\n"
	 "[  184.000001] Out of memory: Killed process 9 (b) total-vm:9kB, anon-rss:1kB\n"
	 "Out of memory: Kill process 9 (b) score 9 or sacrifice child\n"
	 "Killed process 9 (b) total-vm:9kB, anon-rss:1kB\n",
	 "?>b:9 global - -\n"},
	/* behind bullets and numbers, and in a table that explains it */
	{"*  Out of memory: Killed process 9 (b) total-vm:9kB, anon-rss:1kB\n",
	 "?>b:9 global - -\n"},
	{"  #1 [Fri Apr 19 11:14:27 2019] Out of memory: Killed process 9 (b) total-vm:9kB\n",
	 "?>b:9 global - -\n"},
	{"| Killed process 51979 (python) | it was killed |\n", ""},
	/* what somebody wrote behind a name is no part of it */
	{"[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
	 "[   12]     0    12        1        1       1        0             0 a  <==== this one\n"
	 "Out of memory: Kill process 12 (a) score 9 or sacrifice child\n",
	 "?> global - -\n"},
	/* no victim */
	{"hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	 "Out of memory and no killable processes...\n"
	 "Kernel panic - not syncing: System is deadlocked on memory\n",
	 "hog> global - -\n"},
};

START_TEST(small_logs)
{
	struct seen seen = parse(snippets[_i].text);

	ck_assert_str_eq(seen.log, snippets[_i].expect);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("logs");

	tcase_add_loop_test(tc, small_logs, 0, (int)ARRAY_SIZE(snippets));
	return suite_run("oomlog_logs", &tc, 1);
}
