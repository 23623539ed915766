/*
 * check_oomlog_explain.c - what people read: whole reports byte for byte, and single sentences.
 *
 * The expected reports are tests/fixtures/oomlog/golden-*. After a change of wording, look at the
 * difference, then run this program with OOMLAB_UPDATE_GOLDEN=1 from the project's root.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "explain_helpers.h"
#include "suite.h"

#define FIXTURES "tests/fixtures/oomlog/"

#define KILL_OF(comm)                                                         \
	"[    1.000000] Memory cgroup out of memory: Killed process 7 (" comm \
	") total-vm:2592kB, "                                                 \
	"anon-rss:4kB, file-rss:8kB, shmem-rss:0kB, UID:0 pgtables:44kB oom_score_adj:0\n"

/* U+202E turns what follows round; @name calls somebody where Markdown is read. */
/* memory.oom.group holds where the machine runs out, too (oom_kill_process(), 4.19 and later). */
START_TEST(a_group_dies_when_the_machine_runs_out)
{
	static const char log[] =
		"[    1.000000] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/a,task=x,pid=7,uid=0\n"
		"[    1.100000] Out of memory: Killed process 7 (x) total-vm:4kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0\n"
		"[    1.200000] Tasks in /a are going to be killed due to memory.oom.group set\n"
		"[    1.300000] Out of memory: Killed process 7 (x) total-vm:4kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0\n"
		"[    1.400000] Out of memory: Killed process 8 (y) total-vm:4kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0\n";
	_cleanup_free_ char *json = explained(log, sizeof(log) - 1, JSON);
	_cleanup_free_ char *text = explained(log, sizeof(log) - 1, TEXT);

	ck_assert_ptr_nonnull(strstr(json, "\"global\""));
	ck_assert_ptr_null(strstr(json, "\"memcg\""));
	ck_assert_ptr_nonnull(strstr(text, "The machine ran out of memory"));
	ck_assert_ptr_null(strstr(text, "OOM 2"));
}
END_TEST

START_TEST(a_name_reorders_and_calls_nobody)
{
	static const char log[] = KILL_OF("@all<b>\xe2\x80\xae"
					  "x");
	_cleanup_free_ char *text = explained(log, sizeof(log) - 1, TEXT);
	_cleanup_free_ char *page = explained(log, sizeof(log) - 1, MARKDOWN);

	ck_assert_ptr_nonnull(strstr(text, "@all<b>???x"));
	ck_assert_ptr_null(strstr(text, "\xe2\x80\xae"));
	ck_assert_ptr_nonnull(strstr(page, "&#64;all&lt;b\\>"));
	ck_assert_ptr_null(strstr(page, "@all"));
	ck_assert_ptr_null(strstr(page, "\xe2\x80\xae"));
}
END_TEST

static char *explained_fixture(const char *name, enum format format)
{
	struct strbuf log = STRBUF_INIT;
	char path[256];

	snprintf(path, sizeof(path), FIXTURES "%s", name);
	ck_assert_int_eq(io_read_at(AT_FDCWD, path, 1 << 22, &log), 0);
	char *text = explained(log.buf, log.len, format);
	strbuf_release(&log);
	return text;
}

static const struct {
	const char *log, *golden;
	enum format format;
} reports[] = {
	{"el6-global-2.6.32.txt", "golden-el6-global.txt", TEXT},
	{"el7-memcg-v1-3.10.txt", "golden-el7-memcg.txt", TEXT},
	{"kmsg-6.1-limit-lowered.txt", "golden-limit-lowered.txt", TEXT},
	{"kmsg-6.1-group.txt", "golden-group.md", MARKDOWN},
	{"hostile-names-6.1.txt", "golden-hostile-names.md", MARKDOWN},
	{"kmsg-6.1-global.txt", "golden-global.json", JSON},
	{"kmsg-6.12-own.txt", "golden-6.12-own.txt", TEXT},
};

START_TEST(reports_are_as_expected)
{
	_cleanup_free_ char *found = explained_fixture(reports[_i].log, reports[_i].format);
	struct strbuf expected = STRBUF_INIT;
	char path[256];

	snprintf(path, sizeof(path), FIXTURES "%s", reports[_i].golden);
	if (getenv("OOMLAB_UPDATE_GOLDEN")) {
		FILE *file = fopen(path, "w");

		ck_assert_ptr_nonnull(file);
		fputs(found, file);
		fclose(file);
	}
	ck_assert_int_eq(io_read_at(AT_FDCWD, path, 1 << 20, &expected), 0);
	ck_assert_str_eq(found, expected.buf);
	strbuf_release(&expected);
}
END_TEST

#define TABLE                                                                          \
	"[ 1.000003] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents " \
	"oom_score_adj name\n"
#define MEMCG                                                                       \
	"[ 1.000001] hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, " \
	"oom_score_adj=0\n"                                                         \
	"[ 1.000002] memory: usage 102400kB, limit 102400kB, failcnt 7\n"           \
	"[ 1.000002] swap: usage 0kB, limit 0kB, failcnt 0\n"
#define KILLED(pid, name)                                                                      \
	"[ 1.000009] "                                                                         \
	"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"        \
	"oom_memcg=/a,task_memcg=/a,task=" name ",pid=" #pid ",uid=0\n"                        \
	"[ 1.000010] Memory cgroup out of memory: Killed process " #pid " (" name              \
	") total-vm:4096kB, anon-rss:4000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB " \
	"oom_score_adj:0\n"

static const struct {
	const char *log, *has;
} sentences[] = {
	{MEMCG TABLE
	 "[ 1.000004] [     10]     0    10     1024     1000     4096        0             0 a\n"
	 "[ 1.000004] [     11]     0    11     1024      500     4096        0             0 "
	 "b\n" KILLED(10, "a"),
	 "The next in line was b (pid 11) with 2.0 MiB."},
	{MEMCG TABLE
	 "[ 1.000004] [     10]     0    10     1024     1000     4096        0             0 a\n"
	 "[ 1.000004] [     11]     0    11    51024     9000     4096        0         -1000 "
	 "b\n" KILLED(10, "a"),
	 "but its oom_score_adj of -1000 forbids killing it"},
	{MEMCG TABLE
	 "[ 1.000004] [     10]     0    10     1024     1000     4096        0           900 a\n"
	 "[ 1.000004] [     11]     0    11    51024     9000     4096        0             0 "
	 "b\n" KILLED(10, "a"),
	 "oom_score_adj decided: 0 there, 900 here"},
	{MEMCG TABLE
	 "[ 1.000004] [     10]     0    10     1024     1000     4096        0             0 a\n"
	 "[ 1.000004] [     11]     0    11    51024     9000     4096        0             0 "
	 "b\n" KILLED(10, "a"),
	 "why the kernel chose otherwise the log does not say"},
	{MEMCG TABLE "[ 1.000004] [     10]     0    10     1024     1000     4096        0        "
		     "     0 a\n" KILLED(10, "a"),
	 "most of it belongs to no process that could be killed for it"},
	{MEMCG TABLE "[ 1.000004] [     10]     0    10     1024     1000     4096        0        "
		     "     0 a\n" KILLED(10, "a"),
	 "The cgroup may not swap (memory.swap.max is 0)"},
	{"[ 1.000001] a invoked oom-killer: gfp_mask=0x40dc0(GFP_KERNEL|__GFP_COMP|__GFP_ZERO), "
	 "order=3, oom_score_adj=0\n"
	 "[ 1.000002] Normal free:106384kB min:40864kB low:81732kB high:91948kB managed:652000kB\n"
	 "[ 1.000002] Movable free:2034664kB min:32860kB low:65716kB high:73928kB "
	 "managed:5242880kB\n"
	 "[ 1.000003] Normal: 8939*4kB (UMEC) 6885*8kB (UECH) 810*16kB (UECH) 8*32kB (CH) 5*64kB "
	 "(H) 1*128kB (H) = 106292kB\n"
	 "[ 1.000004] Out of memory: Killed process 9 (b) total-vm:400kB, anon-rss:40kB, "
	 "file-rss:0kB\n",
	 "only 14 blocks of order 3 or more"},
	{"[ 1.000001] a invoked oom-killer: gfp_mask=0x40dc0(GFP_KERNEL|__GFP_COMP|__GFP_ZERO), "
	 "order=3, oom_score_adj=0\n"
	 "[ 1.000002] Movable free:2034664kB min:32860kB low:65716kB high:73928kB "
	 "managed:5242880kB\n"
	 "[ 1.000004] Out of memory: Killed process 9 (b) total-vm:400kB, anon-rss:40kB, "
	 "file-rss:0kB\n",
	 "takes no request of this kind"},
	{"[ 1.000004] Out of memory: Killed process 9 (b) total-vm:2097152kB, anon-rss:40kB, "
	 "file-rss:0kB\n",
	 "was reserved and never touched"},
	{"[ 1.000001] kworker/0:2 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, "
	 "oom_score_adj=0\n",
	 "Somebody requested a kill by hand (sysrq f)"},
	/* statistics of another world: no share is made of them */
	{MEMCG
	 "[ 1.000003] Memory cgroup stats for /a:\n[ 1.000003] anon 144115188075855872\n" KILLED(
		 10, "a"),
	 "The memory statistics add up to"},
	{"[ 1.000001] a invoked oom-killer: gfp_mask=0x0(), order=0, oom_score_adj=0\n",
	 "gfp_mask is 0: what was requested is lost"},
	/* what a kill line does not give is not told as nothing */
	{"[ 1.000004] Out of memory: Killed process 9 (b) total-vm:400kB, anon-rss:40kB\n",
	 "died with at least 40 KiB resident: 40 KiB anonymous."},
	/* free memory that the request may not use: CMA, HighMem, other nodes, reserves */
	{"a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	 "Node 0 DMA free:519112kB min:10428kB low:1kB high:2kB managed:900000kB "
	 "free_cma:513592kB\n"
	 "Out of memory: Killed process 9 (b) total-vm:4kB, anon-rss:4kB\n",
	 "Zone Node 0 DMA has 5.4 MiB free, below its minimum of 10.2 MiB."},
	{"a invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0\n"
	 "Normal free:1000kB min:3000kB low:1kB high:2kB present:800000kB\n"
	 "HighMem free:5000000kB min:512kB low:1kB high:2kB present:8000000kB\n"
	 "Out of memory: Killed process 9 (b) total-vm:4kB, anon-rss:4kB\n",
	 "takes no request of this kind (0xd0): low memory ran out, not memory."},
	{"a invoked oom-killer: gfp_mask=0x200da, order=0, oom_score_adj=0\n"
	 "a cpuset=/x mems_allowed=3\n"
	 "Node 0 Normal free:900000kB min:3000kB low:1kB high:2kB present:800000kB\n"
	 "Out of memory: Killed process 9 (b) total-vm:4kB, anon-rss:4kB\n",
	 "but the invoker may use memory of node 3 only (mems_allowed)."},
	{"a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	 "DMA free:1900000kB min:3000kB low:1kB high:2kB present:1990000kB\n"
	 "lowmem_reserve[]: 0 0 72057594037927935 0\n"
	 "Out of memory: Killed process 9 (b) total-vm:4kB, anon-rss:4kB\n",
	 "keeps it from requests that a higher zone could serve (lowmem_reserve)."},
	/* points of 2.6 are no thousandths */
	{"Out of memory: kill process 7 (old) score 1027939 or a child\nKilled process 8 (kid) "
	 "vsz:4kB, anon-rss:1kB, file-rss:0kB\n",
	 "a score of 1027939, in points of its time"},
	/* version 1: the limit of both together */
	{"memory: usage 53824kB, limit 102400kB, failcnt 0\n"
	 "memory+swap: usage 204800kB, limit 204800kB, failcnt 9\n" KILLED(10, "a"),
	 "reached its limit of memory and swap together, 200 MiB"},
	{"Memory cgroup out of memory: Kill process 5 (a) score 9 or sacrifice child\n"
	 "Killed process 6 (a) total-vm:9kB, anon-rss:1kB, file-rss:0kB\n",
	 "the process that the chosen thread belongs to, or a child"},
	{"Out of memory: Kill process 5 (a) score 9 or sacrifice child\n"
	 "Killed process 6 (b) total-vm:9kB, anon-rss:1kB, file-rss:0kB\n",
	 "kernels before 5.1 sacrifice a child first"},
	{"Tasks in /pod/a are going to be killed due to memory.oom.group set\n"
	 "Memory cgroup out of memory: Killed process 6 (b) total-vm:9kB\n",
	 "memory.oom.group is set for cgroup /pod/a: the kernel kills all processes in it"},
	{"a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	 "Memory cgroup out of memory: OOM victim 7 (x) is already exiting. Skip killing the "
	 "task\n",
	 "1 more was already exiting and was not killed again."},
	{"sysrq: Manual OOM execution\n"
	 "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled\n",
	 "Somebody requested a kill by hand (sysrq f): the machine panicked."},
	/* every order that is read has its own figures */
	{"h invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=15, oom_score_adj=0\n",
	 "It wanted 32768 contiguous pages (order 15, 128 MiB if pages"},
	{"h invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=18, oom_score_adj=0\n",
	 "It wanted 262144 contiguous pages (order 18, 1 GiB if pages"},
	{"h invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=20, oom_score_adj=0\n",
	 "It wanted 1048576 contiguous pages (order 20, 4 GiB if pages"},
	{"h invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=18, oom_score_adj=0\n"
	 "Normal free:106384kB min:40864kB low:1kB high:2kB managed:652000kB\n"
	 "Normal: 8939*4kB (U) 6885*8kB (U) 810*16kB (U) 8*32kB (U) = 106292kB\n"
	 "Out of memory: Killed process 9 (b) total-vm:400kB, anon-rss:40kB, file-rss:0kB\n",
	 "but no block of order 18 or more: free memory is fragmented."},
	/* no kernel has pages of 1 GiB */
	{"h invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=2, oom_score_adj=0\n"
	 "Normal free:106384kB min:40864kB low:1kB high:2kB managed:652000kB\n"
	 "Normal: 4000000000*1048576kB 4000000000*2097152kB 4000000000*4kB (U) = 106292kB\n",
	 "It wanted 4 contiguous pages (order 2, 16 KiB if pages"},
	{"Out of memory in UB 1234: OOM killed process 21738 (php-cgi) score 0 vm:4kB, rss:2kB\n",
	 "OpenVZ container 1234 ran out of memory"},
};

/* What would be false, or more than the log says. */
static const struct {
	const char *log, *not ;
} silences[] = {
	{"[ 1.000004] Out of memory: Killed process 9 (b) total-vm:400kB, anon-rss:40kB\n",
	 "0 bytes of files"},
	{"[ 1.000004] Out of memory: Killed process 9 (b) total-vm:400kB, anon-rss:40kB\n",
	 "No cgroup limit was involved"},
	{"oom-killer: gfp_mask=0x280d2, order=0\n", "? asked"},
	{"a invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0\n"
	 "HighMem free:0kB min:128kB low:1kB high:2kB present:0kB\n"
	 "Out of memory: Killed process 9 (b) total-vm:4kB, anon-rss:4kB\n",
	 "below its minimum"},
	{"a invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0\nactive_anon:1\n"
	 "1000000 pages RAM\nOut of memory: Killed process 9 (b) total-vm:4kB\n",
	 "none of the kernel's counters"},
	{TABLE
	 "[ 1.000004] [     10]     0    10     1024     1000     4096        0             0 a\n"
	 "Out of memory: Killed process 10 (a) total-vm:4096kB\n",
	 "only process listed"},
	{MEMCG "[ 1.000003] Memory cgroup stats for /a:\n[ 1.000003] anon 4096\n"
	       "[ 1.000003] sock 104000000\n" KILLED(10, "a"),
	 "Allowing swap"},
	{"kworker/0:2 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, oom_score_adj=0\n",
	 "requested memory that was not there"},
	{"Out of memory: kill process 7 (old) score 1027939 or a child\n", "thousandths"},
	/* more than any kernel's largest order was not read well */
	{"h invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=21, oom_score_adj=0\n",
	 "contiguous pages"},
	{"h invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=18, oom_score_adj=0\n"
	 "Normal free:106384kB min:40864kB low:1kB high:2kB managed:652000kB\n"
	 "Normal: 8939*4kB (U) 6885*8kB (U) 810*16kB (U) 8*32kB (U) = 106292kB\n"
	 "Out of memory: Killed process 9 (b) total-vm:400kB, anon-rss:40kB, file-rss:0kB\n",
	 "The machine ran out of memory"},
};

START_TEST(sentence_is_there)
{
	_cleanup_free_ char *text = explained(sentences[_i].log, strlen(sentences[_i].log), TEXT);

	squeeze(text);
	ck_assert_msg(strstr(text, sentences[_i].has), "'%s' is not in: %s", sentences[_i].has,
		      text);
}
END_TEST

START_TEST(silence_is_kept)
{
	_cleanup_free_ char *found =
		explained(silences[_i].log, strlen(silences[_i].log), MARKDOWN);

	ck_assert_msg(strstr(found, "OOM 1") && !strstr(found, silences[_i].not ), "%s", found);
}
END_TEST

/* One sentence without a line behind it is a claim without evidence. */
static void every_claim_cites(const struct oomlog_event *event, void *ctx)
{
	struct explanation x;

	explanation_make(&x, event);
	for (size_t i = 0; i < x.sentence_count; i++)
		if (x.sentences[i].topic != TOPIC_UNSAID)
			ck_assert_msg(x.sentences[i].line_count > 0, "no line: %s",
				      x.sentences[i].text);
	explanation_release(&x);
	++*(size_t *)ctx;
}

START_TEST(every_sentence_has_its_line)
{
	struct strbuf log = STRBUF_INIT;
	size_t events = 0;
	struct oomlog_options options = {0, every_claim_cites, &events, NULL};
	struct oomlog *parser = oomlog_new(&options);

	for (size_t i = 0; i < ARRAY_SIZE(reports); i++) {
		char path[256];

		snprintf(path, sizeof(path), FIXTURES "%s", reports[i].log);
		ck_assert_int_eq(io_read_at(AT_FDCWD, path, 1 << 22, &log), 0);
	}
	oomlog_feed(parser, log.buf, log.len);
	oomlog_end(parser);
	oomlog_free(parser);
	strbuf_release(&log);
	ck_assert_uint_ge(events, ARRAY_SIZE(reports));
}
END_TEST

/* A counter's name may be anything, and one of 2.6 is later kernels' with another first letter. */
START_TEST(names_of_counters_are_keys)
{
	static const char log[] =
		"[ 1.000001] hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, "
		"oom_score_adj=0\n"
		"[ 1.000002] Mem-Info:\n"
		"[ 1.000003] Active:11 inactive:12 \xff\"\\:13\n"
		"[ 1.000004] active:14 free:15\n"
		"[ 1.000005] Out of memory: Killed process 7 (hog) total-vm:4kB, anon-rss:4kB, "
		"file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0\n";
	_cleanup_free_ char *text = explained(log, sizeof(log) - 1, JSON);

	ck_assert_msg(strstr(text, "\"meminfo\":{\"active\":45056,\"inactive\":49152,"
				   "\"\\\\xff\\\"\\\\\":53248,\"free\":61440}"),
		      "%s", text);
}
END_TEST

static TCase *reading(void)
{
	TCase *tc = tcase_create("reading");

	tcase_add_test(tc, a_group_dies_when_the_machine_runs_out);
	tcase_add_test(tc, a_name_reorders_and_calls_nobody);
	tcase_add_loop_test(tc, reports_are_as_expected, 0, (int)ARRAY_SIZE(reports));
	tcase_add_loop_test(tc, sentence_is_there, 0, (int)ARRAY_SIZE(sentences));
	tcase_add_loop_test(tc, silence_is_kept, 0, (int)ARRAY_SIZE(silences));
	tcase_add_test(tc, every_sentence_has_its_line);
	tcase_add_test(tc, names_of_counters_are_keys);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {reading()};

	return suite_run("oomlog_explain", cases, ARRAY_SIZE(cases));
}
