/*
 * check_what_if.c - who would be chosen after a change: each sentence has a question in which it
 * must be and one, as like the first as can be, in which it must not.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "doc/emit.h"
#include "explain/what_if_print.h"
#include "explain_helpers.h"
#include "suite.h"

#define QUESTIONS 3

struct question {
	const char *changes[QUESTIONS];
	const char *log;
};

struct answer {
	struct what_if_changes changes;
	char *text;
	json_t *json; /* of the last event */
};

static void answer_event(const struct oomlog_event *event, void *ctx)
{
	struct answer *answer = ctx;
	struct explanation x;
	struct what_if w;
	struct doc doc = {0};
	struct strbuf page = STRBUF_INIT;

	explanation_make(&x, event);
	what_if_make(&w, &answer->changes, event, &x);
	what_if_doc(&doc, &w, &answer->changes);
	emit_text(&doc, false, 80, &page);
	free(answer->text);
	answer->text = xstrndup(page.buf, page.len);
	squeeze(answer->text);
	json_decref(answer->json);
	answer->json = what_if_json(&w, &answer->changes);
	what_if_release(&w);
	explanation_release(&x);
	doc_release(&doc);
	strbuf_release(&page);
}

static struct answer ask(const struct question *question)
{
	struct answer answer = {.changes = WHAT_IF_CHANGES_INIT};
	struct oomlog_options options = {0, answer_event, &answer, NULL};
	struct oomlog *log = oomlog_new(&options);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < QUESTIONS && question->changes[i]; i++)
		ck_assert_msg(!what_if_changes_add(&answer.changes, question->changes[i], &err),
			      "%s", err.text);
	oomlog_feed(log, question->log, strlen(question->log));
	oomlog_end(log);
	oomlog_free(log);
	ck_assert_ptr_nonnull(answer.text);
	return answer;
}

static void answer_release(struct answer *answer)
{
	what_if_changes_release(&answer->changes);
	free(answer->text);
	json_decref(answer->json);
}

#define INVOKED(comm) \
	comm " invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
#define KERNEL(pid, comm, release) "CPU: 0 PID: " pid " Comm: " comm " Not tainted " release " #1\n"
#define START			   INVOKED("b") KERNEL("9", "b", "6.1.0")
#define COLUMNS \
	"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"
#define ROW(pid, uid, rss, adj, name) \
	"[ " pid "]  " uid "  " pid "   900000 " rss "     4096        0     " adj " " name "\n"
#define LIMIT(kib) "memory: usage " kib "kB, limit " kib "kB, failcnt 7\n"
#define NO_SWAP	   "swap: usage 0kB, limit 0kB, failcnt 0\n"
#define SOME_SWAP  "swap: usage 0kB, limit 9007199254740988kB, failcnt 0\n"
#define V1                                                                   \
	"memory+swap: usage 400000kB, limit 9007199254740988kB, failcnt 0\n" \
	"kmem: usage 0kB, limit 9007199254740988kB, failcnt 0\n"
#define MEMCG(top, own)                                                                               \
	"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=" top \
	",task_memcg=" own ",task=b,pid=9,uid=0\n"                                                    \
	"Memory cgroup " KILLED_B
#define KILLED_B                                                                      \
	"out of memory: Killed process 9 (b) total-vm:3600000kB, anon-rss:400000kB, " \
	"file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0\n"
#define GLOBAL(own)                                                                        \
	"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,"     \
	"global_oom,task_memcg=" own ",task=b,pid=9,uid=0\nOut of memory: Killed process " \
	"9 (b) total-vm:3600000kB, anon-rss:400000kB, file-rss:0kB, shmem-rss:0kB, UID:0 " \
	"pgtables:4kB oom_score_adj:0\n"
#define RAM "262144 pages RAM\n0 pages HighMem/MovableOnly\n0 pages reserved\n"
#define MEM                                                               \
	"Mem-Info:\nactive_anon:150000 inactive_anon:0 isolated_anon:0\n" \
	" free:1000 free_pcp:0 free_cma:0\nFree swap  = 0kB\nTotal swap = 0kB\n" RAM
/* b has 400000 KiB, c 200000 KiB, d 40000 KiB and may not be killed. */
#define TABLE                                                                       \
	COLUMNS ROW("9", "0", "100000", "0", "b") ROW("10", "5", "50000", "0", "c") \
		ROW("11", "5", "10000", "-1000", "d")
#define OWN	      START LIMIT("1024000") NO_SWAP TABLE MEMCG("/a", "/a")
#define ANCESTOR      START LIMIT("1024000") NO_SWAP TABLE MEMCG("/a", "/a/b")
#define SWAPPING      START LIMIT("1024000") SOME_SWAP TABLE MEMCG("/a", "/a")
#define MACHINE	      START MEM TABLE GLOBAL("/x.service")
#define BY(pid, comm) INVOKED(comm) KERNEL(pid, comm, "6.1.0") MEM TABLE GLOBAL("/x.service")
#define OLD(uid, release, other)                                                             \
	INVOKED("b")                                                                         \
	KERNEL("9", "b", release)                                                            \
	MEM "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"    \
	    "[    9]     " uid "     9   900000   100000      10        0             0 b\n" \
	    "[   10]     5    10   800000   " other "      10        0             0 c\n"    \
	    "Out of memory: Kill process 9 (b) score 380 or sacrifice child\n"               \
	    "Killed process 9 (b) total-vm:3600000kB, anon-rss:400000kB, file-rss:0kB\n"
#define NONE_KILLED                                 \
	START LIMIT("1024000") NO_SWAP COLUMNS ROW( \
		"11", "5", "10000", "-1000", "d") "Out of memory and no killable processes...\n"

#define ANY_PAGES                                                                      \
	INVOKED("b")                                                                   \
	LIMIT("1024000")                                                               \
	NO_SWAP COLUMNS "[ 11]  5  11   900000 10000     65536        0     -1000 d\n" \
			"Out of memory and no killable processes...\n"

static const struct {
	const char *said;
	struct question with, without;
} pairs[] = {
	/* who it is */
	{"By the table b (pid 9) would be chosen all the same.",
	 {{"adj b=-100"}, OWN},
	 {{"adj b=-500"}, OWN}},
	{"By the table c (pid 10) would be chosen; in the log the kernel chose b (pid 9).",
	 {{"adj 9=-500"}, OWN},
	 {{"adj 10=-500"}, OWN}},
	{"None of the processes listed may be killed then",
	 {{"adj b=-1000", "adj c=-1000"}, OWN},
	 {{"adj b=-1000"}, OWN}},
	{"By the table d (pid 11) would be chosen; in the log the kernel found nobody.",
	 {{"adj d=0"}, NONE_KILLED},
	 {{"adj d=-1000"}, NONE_KILLED}},
	{"d (pid 11) scores by its 39.1 MiB of memory, swap and page tables alone.",
	 {{"adj b=-1000", "adj c=-1000", "adj d=0"}, OWN},
	 {{"adj b=-1000", "adj c=-1000", "adj d=1"}, OWN}},
	/* 256000 pages, rounded down to thousandths: 256 pages, which are 1 MiB, for each of adj */
	{"c (pid 10) scores 495.3 MiB: 195.3 MiB of memory, swap and page tables, and 300 MiB by an "
	 "oom_score_adj of 300.",
	 {{"adj c=300"}, OWN},
	 {{"adj c=301"}, OWN}},
	{"b (pid 9), scores 290.6 MiB: 390.6 MiB of memory, swap and page tables, less 100 MiB by an "
	 "oom_score_adj of -100: the margin is 204.7 MiB.",
	 {{"adj c=300", "adj b=-100"}, OWN},
	 {{"adj c=301", "adj b=-100"}, OWN}},
	{"Nobody else listed may be killed.", {{"adj c=-1000"}, OWN}, {{"adj c=-999"}, OWN}},
	/* what leaves it open */
	{"That is not certain: oom_score_adj weighs by the memory and swap that count, which the log "
	 "does not give exactly; with 1000 MiB of them it is b (pid 9), with enough of them c (pid 10).",
	 {{"adj c=100"}, SWAPPING},
	 {{"adj c=100"}, OWN}},
	{"with 1000 MiB of them it is b (pid 9), with 2.9 GiB of them c (pid 10).",
	 {{"adj c=100", "swap=2000M"}, SWAPPING},
	 {{"adj c=100", "swap=500M"}, SWAPPING}},
	{"Less than one percent decides", {{"adj c=195"}, OWN}, {{"adj c=190"}, OWN}},
	{"score the same for the kernel",
	 {{"adj b=-1"}, OLD("5", "2.6.32-642.el6", "100000")},
	 {{"adj b=-1"}, OLD("5", "2.6.32-642.el6", "90000")}},
	{"Until Linux 4.16 processes with CAP_SYS_ADMIN had 3 percent taken off their score; if b "
	 "(pid 9) (uid 0) had it, it may be c (pid 10).",
	 {{"adj x=1"}, OLD("0", "3.16.0", "98000")},
	 {{"adj x=1"}, OLD("5", "3.16.0", "98000")}},
	{"Until Linux 4.16",
	 {{"adj x=1"}, OLD("0", "4.16.0", "98000")},
	 {{"adj x=1"}, OLD("0", "4.17.0", "98000")}},
	{"Until Linux 4.16",
	 {{"adj x=1"}, OLD("0", "3.13.0", "94000")},
	 {{"adj x=1"}, OLD("0", "3.14.0", "94000")}},
	{"Such a kernel may kill a child",
	 {{"adj x=1"}, OLD("5", "4.17.0", "9")},
	 {{"adj x=1"}, OWN}},
	{"No score is above zero",
	 {{"adj b=-999", "adj c=-999"}, OLD("5", "4.17.0", "9000")},
	 {{"adj b=-999", "adj c=-999"}, OWN}},
	{"Swap counts, too, and this table does not show whose it is",
	 {{"adj x=1"},
	  INVOKED("b") KERNEL(
		  "9", "b",
		  "2.6.32-642.el6") "Free swap  = 5kB\nTotal swap = 900kB\n" RAM
				    "[ pid ]   uid  tgid total_vm      rss cpu oom_adj oom_score_adj name\n"
				    "[    9]     5     9   900000   100000   0       0             0 b\n"
				    "[   10]     5    10   800000    10000   0       0             0 c\n"
				    "Out of memory: Kill process 9 (b) score 380 or sacrifice child\n"},
	 {{"adj x=1"},
	  INVOKED("b") KERNEL(
		  "9", "b",
		  "2.6.32-642.el6") "Free swap  = 0kB\nTotal swap = 0kB\n" RAM
				    "[ pid ]   uid  tgid total_vm      rss cpu oom_adj oom_score_adj name\n"
				    "[    9]     5     9   900000   100000   0       0             0 b\n"
				    "[   10]     5    10   800000    10000   0       0             0 c\n"
				    "Out of memory: Kill process 9 (b) score 380 or sacrifice child\n"}},
	{"Without any change the table gives c (pid 10), and the kernel chose b (pid 9)",
	 {{"adj x=1"}, OLD("5", "4.17.0", "200000")},
	 {{"adj c=1000"}, OLD("5", "4.17.0", "2000")}},
	{"Without any change the table gives nobody, and the kernel chose b (pid 9)",
	 {{"adj b=5"},
	  START LIMIT("1024000") NO_SWAP COLUMNS ROW("9", "0", "100000", "-1000", "b")
		  MEMCG("/a", "/a")},
	 {{"adj b=5"},
	  START LIMIT("1024000") NO_SWAP COLUMNS ROW("9", "0", "100000", "-999", "b")
		  MEMCG("/a", "/a")}},
	{"Without any change the table gives d (pid 11), where the kernel found nobody",
	 {{"adj x=1"},
	  START LIMIT("1024000") NO_SWAP COLUMNS ROW(
		  "11", "5", "10000", "0", "d") "Out of memory and no killable processes...\n"},
	 {{"adj d=0"}, NONE_KILLED}},
	{"b (pid 9) and e (pid 12) have the same sizes to the page",
	 {{"adj x=1"},
	  START LIMIT("1024000") NO_SWAP TABLE ROW("12", "0", "100000", "0", "e")
		  MEMCG("/a", "/a")},
	 {{"adj x=1"},
	  START LIMIT("1024000") NO_SWAP TABLE ROW("12", "0", "100001", "0", "e")
		  MEMCG("/a", "/a")}},
	{"The table does not show who was exiting already or shares memory with others",
	 {{"adj x=1"}, OWN},
	 {{"adj x=1"}, START LIMIT("1024000") NO_SWAP MEMCG("/a", "/a")}},
	/* why it is not recomputed */
	{"The log shows no task table here, so the choice cannot be recomputed.",
	 {{"adj x=1"}, START LIMIT("1024000") NO_SWAP MEMCG("/a", "/a")},
	 {{"adj x=1"}, OWN}},
	{"The task table lacks the process that the kernel chose",
	 {{"adj x=1"},
	  START LIMIT("1024000") NO_SWAP COLUMNS ROW("10", "5", "50000", "0", "c")
		  ROW("11", "5", "10000", "-1000", "d") MEMCG("/a", "/a")},
	 {{"adj x=1"}, OWN}},
	{"The log does not show whom the kernel chose, nor that the task table is whole",
	 {{"adj x=1"}, START LIMIT("1024000") NO_SWAP TABLE},
	 {{"adj x=1"}, NONE_KILLED}},
	{"swapoff marks whoever runs it",
	 {{"adj x=1"}, START " try_to_unuse+0x1/0x2\n" MEM TABLE GLOBAL("/")},
	 {{"adj x=1"}, START MEM TABLE GLOBAL("/")}},
	/* what each change does besides */
	{"No process listed here is x: that change does nothing.",
	 {{"adj x=1"}, OWN},
	 {{"adj b=1"}, OWN}},
	{"All 2 processes named b are given an oom_score_adj of -5.",
	 {{"adj b=-5"},
	  START LIMIT("1024000") NO_SWAP TABLE ROW("12", "0", "100", "0", "b") MEMCG("/a", "/a")},
	 {{"adj b=-5"}, OWN}},
	{"The 1000 MiB charged then and the request of 4 KiB fit under 2 GiB;",
	 {{"limit=2G"}, OWN},
	 {{"limit=1000M"}, OWN}},
	{"The 1000 MiB charged then and the request of 4 KiB do not fit under 1000 MiB.",
	 {{"limit=1000M"}, OWN},
	 {{"limit=1024004K"}, OWN}},
	{"and the request of 1 page fit under 2 GiB;",
	 {{"limit=2G"}, ANY_PAGES},
	 {{"limit=2G"}, OWN}},
	{"Whether a limit of 2 GiB had sufficed for that moment the log does not show.",
	 {{"limit=2G"}, START TABLE MEMCG("/a", "/a")},
	 {{"limit=2G"}, OWN}},
	{"No cgroup's limit was reached here: limit= changes nothing.",
	 {{"limit=2G"}, MACHINE},
	 {{"limit=2G"}, OWN}},
	{"What is full is memory and swap together",
	 {{"limit=2G"},
	  START LIMIT("1024000") "memory+swap: usage 1024000kB, limit 1024000kB, failcnt 9\n" TABLE
		  MEMCG("/a", "/a")},
	 {{"limit=2G"}, START LIMIT("1024000") V1 TABLE MEMCG("/a", "/a")}},
	{"How much would have been swapped then the log does not show",
	 {{"swap=1G"}, OWN},
	 {{"limit=1G"}, OWN}},
	{"Limit and swap do not change the order",
	 {{"limit=2G"}, OWN},
	 {{"limit=2G", "adj c=5"}, OWN}},
	{"With memory.oom.group everything in cgroup /a and below it is killed: of those listed b "
	 "(pid 9), c (pid 10); an oom_score_adj of -1000 spares the others.",
	 {{"group=on"}, OWN},
	 {{"group=on", "adj d=5"}, OWN}},
	{"With memory.oom.group everything in cgroup /a/b is killed; who of those listed was in it the "
	 "log does not say.",
	 {{"group=on"}, ANCESTOR},
	 {{"group=on"}, OWN}},
	{"In which cgroup c (pid 10) was the log does not say",
	 {{"group=on", "adj b=-1000"}, OWN},
	 {{"group=on"}, OWN}},
	{"The victim ran in the root cgroup, which has no memory.oom.group.",
	 {{"group=on"}, START MEM TABLE GLOBAL("/")},
	 {{"group=on"}, MACHINE}},
	{"These are cgroups of version 1, which have no memory.oom.group.",
	 {{"group=on"}, START LIMIT("1024000") V1 TABLE MEMCG("/a", "/a")},
	 {{"group=on"}, OWN}},
	{"Kernels before 4.18 have no memory.oom.group.",
	 {{"group=on"}, OLD("5", "4.17.0", "9")},
	 {{"group=on"}, OLD("5", "4.18.0", "9")}},
	{"The log shows no group kill: group=off changes nothing.",
	 {{"group=off"}, OWN},
	 {{"group=on"}, OWN}},
	{"By the table c (pid 10) would be chosen; in the log the kernel chose b (pid 9). [lines 11, 16] "
	 "- With vm.oom_kill_allocating_task the kernel kills whoever asks",
	 {{"kill-allocating=on"}, BY("10", "c")},
	 {{"kill-allocating=on"}, BY("9", "b")}},
	{"c (pid 10), who asked, may not be killed, so the kernel chooses by score.",
	 {{"kill-allocating=on", "adj c=-1000"}, BY("10", "c")},
	 {{"kill-allocating=on", "adj b=-1000"}, BY("10", "c")}},
	{"Who asked is a thread of the kernel",
	 {{"kill-allocating=on"},
	  INVOKED("kworker/0:1") KERNEL("77", "kworker/0:1", "6.1.0") MEM TABLE GLOBAL("/")},
	 {{"kill-allocating=on"},
	  INVOKED("t") KERNEL("77", "t", "6.1.0") "RIP: 0033:0x4284ca\n" MEM TABLE GLOBAL("/")}},
	{"the table does not show which process t (pid 77) is of",
	 {{"kill-allocating=on"}, INVOKED("t") KERNEL("77", "t", "6.1.0") MEM TABLE GLOBAL("/")},
	 {{"kill-allocating=on"}, BY("10", "c")}},
	{"vm.oom_kill_allocating_task does not apply where a cgroup reached its limit.",
	 {{"kill-allocating=on"}, OWN},
	 {{"kill-allocating=on"}, MACHINE}},
	{"kill-allocating=off changes nothing.",
	 {{"kill-allocating=off"}, MACHINE},
	 {{"kill-allocating=on"}, MACHINE}},
};

START_TEST(sentence_is_said_where_it_holds)
{
	struct answer answer = ask(&pairs[_i].with);

	ck_assert_msg(strstr(answer.text, pairs[_i].said), "'%s' is not in: %s", pairs[_i].said,
		      answer.text);
	answer_release(&answer);
}
END_TEST

START_TEST(sentence_is_not_said_where_it_does_not_hold)
{
	struct answer answer = ask(&pairs[_i].without);

	ck_assert_msg(!strstr(answer.text, pairs[_i].said), "'%s' is in: %s", pairs[_i].said,
		      answer.text);
	answer_release(&answer);
}
END_TEST

START_TEST(nobody_is_said_to_have_lived)
{
	struct answer answer = ask(&pairs[_i].with);

	ck_assert_ptr_null(strstr(answer.text, "lived"));
	ck_assert_ptr_null(strstr(answer.text, "surviv"));
	answer_release(&answer);
}
END_TEST

START_TEST(json_has_the_choice)
{
	struct answer answer = ask(&(struct question){{"adj b=-500"}, OWN});
	json_t *chosen = json_object_get(answer.json, "chosen");

	ck_assert(json_is_true(json_object_get(answer.json, "judged")));
	ck_assert(json_is_true(json_object_get(answer.json, "certain")));
	ck_assert_int_eq(json_integer_value(json_object_get(chosen, "pid")), 10);
	ck_assert_int_eq(json_integer_value(json_object_get(chosen, "score_bytes")),
			 50000 * 4096 + 4096);
	ck_assert_int_eq(json_integer_value(json_object_get(answer.json, "total_bytes")),
			 1024000 * 1024);
	ck_assert_ptr_null(json_object_get(answer.json, "rival"));
	answer_release(&answer);

	answer = ask(&(struct question){{"adj c=100"}, SWAPPING});
	ck_assert(json_is_false(json_object_get(answer.json, "certain")));
	ck_assert_str_eq(
		json_string_value(json_array_get(json_object_get(answer.json, "doubts"), 0)),
		"total");
	ck_assert_ptr_null(json_object_get(answer.json, "total_bytes"));
	answer_release(&answer);

	answer = ask(&(struct question){{"adj c=100"}, START MEMCG("/a", "/a")});
	ck_assert(json_is_false(json_object_get(answer.json, "judged")));
	ck_assert_ptr_null(json_object_get(answer.json, "chosen"));
	ck_assert_uint_eq(json_array_size(json_object_get(answer.json, "sentences")), 1);
	answer_release(&answer);
}
END_TEST

START_TEST(names_are_noted)
{
	struct answer answer = ask(&(struct question){{"adj b=1", "adj 10=1", "adj x=1"}, OWN});

	ck_assert(answer.changes.adjs[0].is_found && answer.changes.adjs[1].is_found);
	ck_assert(!answer.changes.adjs[2].is_found);
	answer_release(&answer);
}
END_TEST

static const char *const wrong[] = {
	"",	     "adj",	      "adj java",	   "adj =5",
	"adj java=", "adj java=1001", "adj java=-1001",	   "adj java=1x",
	"limit=",    "limit=x",	      "limit=-1",	   "limit=1025T",
	"swap=",     "group=",	      "group=yes",	   "kill-allocating",
	"limits=2G", "adj java=5 6",  "kill-allocating=1",
};

START_TEST(wrong_syntax_is_refused)
{
	struct what_if_changes changes = WHAT_IF_CHANGES_INIT;
	struct err err = ERR_INIT;

	ck_assert_int_eq(what_if_changes_add(&changes, wrong[_i], &err), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_uint_eq(changes.text_count, 0);
	what_if_changes_release(&changes);
}
END_TEST

START_TEST(changes_are_read)
{
	struct what_if_changes changes = WHAT_IF_CHANGES_INIT;
	struct err err = ERR_INIT;
	static const char *const once[] = {"limit=2G", "swap=0", "group=off", "kill-allocating=on"};

	for (size_t i = 0; i < ARRAY_SIZE(once); i++) {
		ck_assert_int_eq(what_if_changes_add(&changes, once[i], &err), 0);
		ck_assert_int_eq(what_if_changes_add(&changes, once[i], &err), -1);
	}
	ck_assert_int_eq(what_if_changes_add(&changes, "adj Web=a Content=-5", &err), 0);
	ck_assert_int_eq(changes.limit_bytes, INT64_C(2) << 30);
	ck_assert_int_eq(changes.swap_bytes, 0);
	ck_assert_int_eq(changes.group, WHAT_IF_OFF);
	ck_assert_int_eq(changes.allocating, WHAT_IF_ON);
	ck_assert_str_eq(changes.adjs[0].name, "Web=a Content");
	ck_assert_int_eq(changes.adjs[0].value, -5);
	ck_assert_uint_eq(changes.text_count, 5);
	what_if_changes_release(&changes);
}
END_TEST

static TCase *sentences(void)
{
	TCase *tc = tcase_create("sentences");

	tcase_add_loop_test(tc, sentence_is_said_where_it_holds, 0, (int)ARRAY_SIZE(pairs));
	tcase_add_loop_test(tc, sentence_is_not_said_where_it_does_not_hold, 0,
			    (int)ARRAY_SIZE(pairs));
	tcase_add_loop_test(tc, nobody_is_said_to_have_lived, 0, (int)ARRAY_SIZE(pairs));
	tcase_add_test(tc, json_has_the_choice);
	tcase_add_test(tc, names_are_noted);
	return tc;
}

static TCase *syntax(void)
{
	TCase *tc = tcase_create("syntax");

	tcase_add_loop_test(tc, wrong_syntax_is_refused, 0, (int)ARRAY_SIZE(wrong));
	tcase_add_test(tc, changes_are_read);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {sentences(), syntax()};

	return suite_run("what_if", cases, ARRAY_SIZE(cases));
}
