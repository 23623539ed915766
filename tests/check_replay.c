/*
 * check_replay.c - what a log becomes before it is replayed: processes, cgroups, sizes; and each
 * sentence of the comparison in a case in which it must be and one in which it must not.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doc/emit.h"
#include "replay/replay_compare.h"
#include "replay/replay_source.h"
#include "suite.h"

#define RAM_MAX ((int64_t)4 << 30)

static const char memcg[] =
	"[1.000000] worker-2 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	"[1.000001] CPU: 0 PID: 5003 Comm: worker-2 Not tainted 5.15.0-91-generic #101-Ubuntu\n"
	"[1.000002] Call Trace:\n"
	"[1.000003]  oom_kill_process+0x10/0x20\n"
	"[1.000003]  out_of_memory+0x10/0x20\n"
	"[1.000003]  mem_cgroup_out_of_memory+0x10/0x20\n"
	"[1.000003]  do_anonymous_page+0x10/0x20\n"
	"[1.000003]  exc_page_fault+0x10/0x20\n"
	"[1.000004] memory: usage 98304kB, limit 98304kB, failcnt 10\n"
	"[1.000005] swap: usage 0kB, limit 0kB, failcnt 0\n"
	"[1.000006] Tasks state (memory values in pages):\n"
	"[1.000007] [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name\n"
	"[1.000008] [   5001]     0  5001      584     2560     2560        0        0        65536        0          -998 pause\n"
	"[1.000009] [   5002]  1000  5002    99999    11264    10240      512      512      8388608        0             0 worker-1\n"
	"[1.000010] [   5003]  1001  5003    99999     7680     6656      512      512        65536        0             0 worker-2\n"
	"[1.000011] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a/b,task_memcg=/a/b,task=worker-1,pid=5002,uid=1000\n"
	"[1.000012] Memory cgroup out of memory: Killed process 5002 (worker-1) total-vm:399996kB, anon-rss:40960kB, file-rss:2048kB, shmem-rss:2048kB, UID:1000 pgtables:8192kB oom_score_adj:0\n";

static const char machine[] =
	"[1.000000] shell invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	"[1.000001] CPU: 0 PID: 5004 Comm: shell Not tainted 5.15.0-91-generic #101-Ubuntu\n"
	"[1.000002] Call Trace:\n"
	"[1.000003]  oom_kill_process+0x10/0x20\n"
	"[1.000003]  out_of_memory+0x10/0x20\n"
	"[1.000003]  do_anonymous_page+0x10/0x20\n"
	"[1.000003]  exc_page_fault+0x10/0x20\n"
	"[1.000004] Mem-Info:\n"
	"[1.000004] active_anon:400000 inactive_anon:0 isolated_anon:0\n"
	"[1.000005] 0 pages in swap cache\n"
	"[1.000006] Free swap  = 0kB\n"
	"[1.000007] Total swap = 0kB\n"
	"[1.000008] 524288 pages RAM\n"
	"[1.000009] 0 pages HighMem/MovableOnly\n"
	"[1.000010] 24288 pages reserved\n"
	"[1.000011] Tasks state (memory values in pages):\n"
	"[1.000012] [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name\n"
	"[1.000013] [   5002]   999  5002   999999   256000   256000        0        0      2097152        0             0 database\n"
	"[1.000014] [   5003]    33  5003   999999   128000   120000     4000     4000      1048576        0           300 hog\n"
	"[1.000015] [   5004]     0  5004    99999    25600    25600        0        0        65536        0             0 shell\n"
	"[1.000016] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/s/hog.service,task=hog,pid=5003,uid=33\n"
	"[1.000017] Out of memory: Killed process 5003 (hog) total-vm:3999996kB, anon-rss:480000kB, file-rss:16000kB, shmem-rss:16000kB, UID:33 pgtables:1024kB oom_score_adj:300\n";

/* An event of the first log, compared with the first of the second; what came of both. */
struct asked {
	struct what_if_changes changes;
	int64_t ram_max;
	const char *other; /* NULL: none */
	bool compares;
	/* Answers. */
	int status;
	struct err err;
	struct replay_plan plan;
	struct strbuf stage, page, source;
	const struct oomlog_event *event;
	bool is_done;
};

static void feed(const char *text, oomlog_event_fn *event, void *ctx)
{
	struct oomlog_options options = {0, event, ctx, NULL};
	struct oomlog *log = oomlog_new(&options);

	oomlog_feed(log, text, strlen(text));
	oomlog_end(log);
	oomlog_free(log);
}

static void put_comparison(struct asked *asked, const struct oomlog_event *run)
{
	struct replay_comparison c = {.log = text_format("kern.log#1"),
				      .folder = text_format("reports/x")};
	struct doc doc = {0};
	json_t *json;

	replay_compare(&c, &asked->plan, asked->event, run, asked->changes.text_count);
	replay_doc(&doc, &c, &asked->changes);
	strbuf_clear(&asked->page);
	emit_text(&doc, false, 100, &asked->page);
	json = replay_json(&c, &asked->changes);
	ck_assert_ptr_nonnull(json);
	json_decref(json);
	doc_release(&doc);
	replay_comparison_release(&c);
}

static void on_run(const struct oomlog_event *event, void *ctx)
{
	put_comparison(ctx, event);
}

static void on_log(const struct oomlog_event *event, void *ctx)
{
	struct asked *asked = ctx;

	if (asked->is_done)
		return;
	asked->is_done = true;
	asked->event = event;
	asked->status =
		replay_plan_make(&asked->plan, event, &asked->changes, asked->ram_max, &asked->err);
	if (asked->status == 0)
		replay_plan_write(&asked->plan, &asked->stage);
	if (asked->status == 0)
		replay_source(&asked->plan, "my-kill", "kern*/.log#1\\", &asked->source);
	if (asked->status == 0 && asked->compares && asked->other)
		feed(asked->other, on_run, asked);
	else if (asked->status == 0 && asked->compares)
		put_comparison(asked, NULL);
}

/* Blanks and newlines become one blank, as lines are broken anywhere. */
static void squeeze(struct strbuf *text)
{
	size_t to = 0;

	for (size_t from = 0; from < text->len; from++)
		if (!strchr(" \n", text->buf[from]))
			text->buf[to++] = text->buf[from];
		else if (to && text->buf[to - 1] != ' ')
			text->buf[to++] = ' ';
	text->len = to;
	if (text->buf)
		text->buf[to] = '\0';
}

static struct asked new_asked(void)
{
	return (struct asked){.changes = WHAT_IF_CHANGES_INIT,
			      .ram_max = RAM_MAX,
			      .stage = STRBUF_INIT,
			      .page = STRBUF_INIT,
			      .source = STRBUF_INIT};
}

static void release(struct asked *asked)
{
	replay_plan_release(&asked->plan);
	what_if_changes_release(&asked->changes);
	strbuf_release(&asked->stage);
	strbuf_release(&asked->page);
	strbuf_release(&asked->source);
}

/* The text with each `from` replaced. The caller frees. */
static char *with(const char *text, const char *from, const char *to)
{
	struct strbuf made = STRBUF_INIT;
	const char *at;

	while ((at = strstr(text, from))) {
		strbuf_append(&made, text, (size_t)(at - text));
		strbuf_puts(&made, to);
		text = at + strlen(from);
	}
	strbuf_puts(&made, text);
	return made.buf;
}

static struct asked plan_of(const char *log)
{
	struct asked asked = new_asked();

	feed(log, on_log, &asked);
	ck_assert(asked.is_done);
	return asked;
}

static bool has_line(const struct asked *asked, const char *line)
{
	_cleanup_free_ char *whole = text_format("\n%s\n", line);

	return strstr(asked->stage.buf, whole) != NULL;
}

START_TEST(a_row_is_a_process)
{
	struct asked asked = plan_of(memcg);

	ck_assert_int_eq(asked.status, 0);
	ck_assert(has_line(&asked,
			   "process 5002 1000 0 41943040 2097152 2097152 8388608 1 worker-1"));
	ck_assert(has_line(&asked, "process 5001 0 -998 10485760 0 0 65536 1 pause"));
	ck_assert(has_line(&asked, "invoker 2"));
	ck_assert(has_line(&asked, "limit 1 100663296"));
	ck_assert(has_line(&asked, "place a\nplace a/b"));
	ck_assert(has_line(&asked, "bound cgroup"));
	ck_assert(strncmp(asked.stage.buf, "way touch\n", 10) == 0);
	ck_assert(!strstr(asked.stage.buf, "may-grow"));
	ck_assert(!strstr(asked.stage.buf, "\ngroup "));
	ck_assert_uint_eq(asked.plan.choices.count, 1);
	ck_assert(strstr(asked.plan.choices.list[0], "What no process holds is a file in tmpfs"));
	release(&asked);
}
END_TEST

/* What is edited in a log, and a part of the stage or a choice that it brings about. */
static const struct edit {
	const char *log, *from, *to, *brings;
	bool both; /* it is there without the edit, too */
} edits[] = {
	{memcg, "5002 (worker-1)", "5003 (worker-2)", "may-grow", false},
	{memcg, "worker-2 invoked", "thread-7 invoked",
	 "No process of the table is thread-7, who requested memory", false},
	{memcg, "     0 -998 pause", "     0 -998 pause", "process 5001 0 -998", true},
	{memcg, "65536        0          -998", "65536     1000          -998",
	 "process 5001 0 -998 14581760", false},
	{memcg, "swap: usage 0kB, limit 0kB", "swap: usage 4096kB, limit 8192kB",
	 "There is no swap here: 4 MiB of it are added to the limit as memory", false},
	{memcg, "5001", "201", "process 4000000 0 -998", false},
	{memcg, "5001", "201", "1 process has another pid here", false},
	{memcg, "[   5001]", "[   5002]", "process 4000001 1000", false},
	{memcg, "task_memcg=/a/b,", "task_memcg=/a/b/c,", "place a/b/oomlab-others", false},
	{memcg, "task_memcg=/a/b,", "task_memcg=/a/b/c,",
	 "they are in one of their own below the same limit", false},
	{memcg, "task_memcg=/a/b,", "task_memcg=/x,", "the limit is on the victim's", false},
	{memcg, "/a/b", "/a/../memory.max", "place a/_../_memory.max", false},
	{memcg, "/a/b", "/a/../memory.max", "The cgroup's path cannot be made as it stands", false},
	{memcg, "[1.000012]",
	 "[1.000012] Tasks in /a/b are going to be killed due to memory.oom.group set\n[1.000012]",
	 "group 1", false},
	{memcg, "do_anonymous_page", "pipe_write", "way pipe", false},
	{memcg, "do_anonymous_page", "copy_process", "way fork", false},
	{memcg, "mem_cgroup_out_of_memory", "memory_max_write", "way lower-limit", false},
	{memcg, "do_anonymous_page+0x10/0x20\n[1.000003]  exc_page_fault", "tcp_sendmsg",
	 "In the log the invoker", false},
	{memcg, "do_anonymous_page+0x10/0x20\n[1.000003]  exc_page_fault", "unheard_of",
	 "The log does not tell how memory was requested", false},
	{memcg, "limit 98304kB", "limit 9830400kB", "limit 1 536870912", false},
	{memcg, "limit 98304kB", "limit 61440kB", "The processes sum to more than there was",
	 false},
	{memcg, "CONSTRAINT_MEMCG", "CONSTRAINT_BPF_X", "The log's constraint, BPF_X, is none",
	 false},
	{machine, "CONSTRAINT_NONE", "CONSTRAINT_CPUSET", "bound cpuset", false},
	{machine, "CONSTRAINT_NONE", "CONSTRAINT_MEMORY_POLICY", "bound policy", false},
	{machine, "5.15.0-91", "3.10.0-91", "for the 1 of root", false},
	{machine, "5.15.0-91", "3.10.0-91", "process 5004 0 -30 ", false},
	{machine, "5.15.0-91", "3.14.0-91", "process 5004 0 0 ", true},
	{machine, "524288 pages RAM", "pages RAM", "How much memory there was is not in the log",
	 false},
	{machine, "Total swap = 0kB", "Total swap = 2097152kB",
	 "are added to the machine as memory", false},
	{machine, "active_anon:400000", "active_anon:400000 free:100000",
	 "In the log 390.6 MiB were free when memory ran out", false},
	{machine, "active_anon:400000", "active_anon:400000 slab_unreclaimable:100000", "slab ",
	 false},
	{machine, "do_anonymous_page", "moom_callback", "way sysrq", false},
	{machine, "do_anonymous_page", "do_anonymous_page", "What no process holds is a file",
	 true},
	{machine, "shell invoked", "kworker/0:1 invoked", "No process of the table is kworker/0:1",
	 false},
	{machine, "524288 pages RAM", "pages RAM", "and 3 % more", false},
	{memcg, "limit 98304kB", "limit 0kB", "The limit that the log gives can hold nothing",
	 false},
	{memcg, "    11264    10240      512      512      8388608",
	 "     7690     6666      512      512        65536",
	 "which of the two is chosen may be chance", false},
	{machine, "    25600    25600        0", "       20       20        0",
	 "1 process would be smaller than one can be here", false},
	{memcg, "limit 98304kB", "limit 86000kB", "would be to scale: the processes", false},
	{machine, "CONSTRAINT_NONE", "CONSTRAINT_CPUSET", "How much memory the nodes had is not in",
	 false},
	{machine, "do_anonymous_page", "lru_gen_age_node", "way min-ttl", false},
};

static bool brings(const char *log, const char *what)
{
	struct asked asked = plan_of(log);
	bool found = asked.status == 0 && strstr(asked.stage.buf, what);

	for (size_t i = 0; i < asked.plan.choices.count; i++)
		found |= strstr(asked.plan.choices.list[i], what) != NULL;
	release(&asked);
	return found;
}

START_TEST(an_edit_brings_it_about)
{
	const struct edit *edit = &edits[_i];
	_cleanup_free_ char *edited = with(edit->log, edit->from, edit->to);

	ck_assert_msg(brings(edited, edit->brings), "not found: %s", edit->brings);
	ck_assert_msg(brings(edit->log, edit->brings) == edit->both, "without it: %s",
		      edit->brings);
}
END_TEST

static void change(struct asked *asked, const char *text)
{
	ck_assert_int_eq(what_if_changes_add(&asked->changes, text, &asked->err), 0);
}

START_TEST(a_change_is_in_the_stage)
{
	static const struct {
		const char *log, *change, *line;
	} cases[] = {
		{memcg, "adj worker-2=500", "invoker 2"},
		{memcg, "adj 5003=500",
		 "process 5003 1001 500 27262976 2097152 2097152 65536 1 worker-2"},
		{memcg, "group=on", "group 1"},
		{memcg, "limit=128M", "limit 1 134217728"},
		{memcg, "swap=32M", "limit 1 134217728"},
		{machine, "kill-allocating=on", "kill-allocating"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct asked asked = new_asked();

		change(&asked, cases[i].change);
		feed(cases[i].log, on_log, &asked);
		ck_assert_msg(has_line(&asked, cases[i].line), "%s: %s", cases[i].change,
			      asked.stage.buf);
		release(&asked);
	}
}
END_TEST

START_TEST(scaling_keeps_the_first)
{
	struct asked asked = plan_of(machine);

	ck_assert_int_eq(asked.status, 0);
	ck_assert_int_eq(asked.plan.ram_bytes, (int64_t)1 << 30);
	ck_assert(asked.plan.factor > 0.4 && asked.plan.factor < 0.55);
	release(&asked);
	/* A second that is behind by a hundredth only needs a larger guest. */
	{
		_cleanup_free_ char *close =
			with(machine, "   256000   256000        0", "   289000   289000        0");

		asked = plan_of(close);
		ck_assert_int_eq(asked.status, 0);
		ck_assert_int_ge(asked.plan.ram_bytes, (int64_t)1 << 30);
		release(&asked);
	}
}
END_TEST

/* A sentence that a log must not bring about, though it is like one that does. */
START_TEST(by_hand_needs_no_shortage)
{
	_cleanup_free_ char *by_hand = with(machine, "do_anonymous_page", "moom_callback");
	_cleanup_free_ char *of_others = with(by_hand, "shell invoked", "kworker/0:1 invoked");

	ck_assert(brings(of_others, "way sysrq"));
	ck_assert(!brings(of_others, "What no process holds"));
	ck_assert(!brings(of_others, "No process of the table is"));
}
END_TEST

START_TEST(without_a_table_none_is_spoken_of)
{
	const char *table = strstr(memcg, "[1.000006]"), *rest = strstr(memcg, "[1.000011]");
	_cleanup_free_ char *log = text_format("%.*s%s", (int)(table - memcg), memcg, rest);

	ck_assert(brings(log, "The log has no task table"));
	ck_assert(brings(log, "process 5002 1000 0 41943040"));
	ck_assert(!brings(log, "The task table does not list"));
	ck_assert(!brings(log, "the other processes were"));
}
END_TEST

START_TEST(a_change_without_effect_is_refused)
{
	static const struct {
		const char *log, *change, *says;
	} cases[] = {
		{machine, "limit=1G", "no limit of a cgroup was reached in this kill"},
		{memcg, "limit=4K", "leaves no room for a process"},
		{memcg, "kill-allocating=on", "and not at the limit of a cgroup"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct asked asked = new_asked();

		change(&asked, cases[i].change);
		feed(cases[i].log, on_log, &asked);
		ck_assert_int_eq(asked.status, -1);
		ck_assert_int_eq(asked.err.status, EXIT_USAGE);
		ck_assert_msg(strstr(asked.err.text, cases[i].says) != NULL, "%s", asked.err.text);
		release(&asked);
	}
}
END_TEST

START_TEST(a_lower_limit_is_not_the_logs)
{
	struct asked asked = new_asked();
	bool is_of_change = false, is_of_log = false;

	change(&asked, "limit=60M");
	feed(memcg, on_log, &asked);
	for (size_t i = 0; i < asked.plan.choices.count; i++) {
		is_of_change |= strstr(asked.plan.choices.list[i], "do not fit with the change") !=
				NULL;
		is_of_log |= strstr(asked.plan.choices.list[i], "more than there was") != NULL;
	}
	ck_assert(is_of_change && !is_of_log);
	release(&asked);
}
END_TEST

/* The order of the log is the log's, whatever is changed. */
START_TEST(a_change_is_not_the_logs)
{
	struct asked asked = new_asked();

	asked.other = machine;
	asked.compares = true;
	change(&asked, "adj hog=-900");
	feed(machine, on_log, &asked);
	squeeze(&asked.page);
	ck_assert_msg(strstr(asked.page.buf, "here 1 hog (pid 5003) hog (pid 5003)") != NULL, "%s",
		      asked.page.buf);
	release(&asked);
}
END_TEST

/* Differences and a summary of a panic, and none where the run killed. */
START_TEST(a_panic_is_compared)
{
	const char *end = strstr(machine, "[1.000016]");
	_cleanup_free_ char *panic = text_format(
		"%.*s[1.000017] Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled\n",
		(int)(end - machine), machine);

	for (int kills = 0; kills <= 1; kills++) {
		struct asked asked = new_asked();

		asked.other = kills ? machine : panic;
		asked.compares = true;
		feed(panic, on_log, &asked);
		squeeze(&asked.page);
		ck_assert(has_line(&asked, "panic 1"));
		ck_assert_msg(!strstr(asked.page.buf, "It happened again: the kernel panicked") ==
				      (kills == 1),
			      "%s", asked.page.buf);
		ck_assert(!strstr(asked.page.buf,
				  "In the log the kernel panicked; here it did not.") ==
			  (kills == 0));
		release(&asked);
	}
}
END_TEST

START_TEST(what_cannot_be_has_one_line)
{
	_cleanup_free_ char *no_one =
		xstrndup(memcg, (size_t)(strstr(memcg, "[1.000011]") - memcg));
	struct asked asked = plan_of(no_one);

	ck_assert_int_eq(asked.status, -1);
	ck_assert_int_eq(asked.err.status, EXIT_FAILED);
	ck_assert(strstr(asked.err.text, "there is no kill to replay"));
	release(&asked);
	asked = new_asked();
	asked.ram_max = (int64_t)150 << 20;
	feed(machine, on_log, &asked);
	ck_assert_int_eq(asked.status, -1);
	ck_assert(strstr(asked.err.text, "has no room for 3 processes; give --guest-ram"));
	release(&asked);
}
END_TEST

/* The run's log, by an edit of the log's own; what the comparison says then. */
static const struct said {
	const char *log, *from, *to, *change, *says;
	bool is_said;
} saids[] = {
	{memcg, "", "", NULL,
	 "It happened again: the kernel killed worker-1 (pid 5002), as in the log.", true},
	{memcg, "5002 (worker-1)", "5003 (worker-2)", NULL, "It happened again", false},
	{memcg, "5002 (worker-1)", "5003 (worker-2)", NULL,
	 "The kernel killed worker-2 (pid 5003) here, and worker-1 (pid 5002) in the log.", true},
	{memcg, "5002 (worker-1)", "5003 (worker-2)", NULL,
	 "Why it is another process is not known.", true},
	{memcg, "", "", NULL, "Why it is another process is not known.", false},
	{memcg, "5002 (worker-1)", "5003 (worker-2)", "adj worker-2=500",
	 "Why it is another process is not known.", false},
	{memcg, "5002 (worker-1)", "5003 (worker-2)", "adj worker-2=500",
	 "With the change the kernel kills worker-2 (pid 5003); in the log it was worker-1 (pid 5002).",
	 true},
	{memcg, "", "", "adj worker-2=5",
	 "With the change the kernel kills worker-1 (pid 5002) all the same.", true},
	{memcg, "CONSTRAINT_MEMCG", "CONSTRAINT_NONE", NULL,
	 "but not for the same reason as in the log", true},
	{memcg, "CONSTRAINT_MEMCG", "CONSTRAINT_NONE", NULL,
	 "The constraint here is NONE and was to be MEMCG.", true},
	{memcg, "", "", NULL, "was to be MEMCG", false},
	{memcg, "", "", NULL, "The log prints the constraint", false},
	{memcg, "do_anonymous_page", "pipe_write", NULL, "The call traces differ", true},
	{memcg, "", "", NULL, "The call traces differ", false},
	{memcg, "do_anonymous_page+0x10/0x20\n[1.000003]  exc", "exc", NULL,
	 "The call traces differ", false},
	{memcg, "worker-2 invoked", "stage-filler invoked", NULL, "while the rest of it was filled",
	 true},
	{memcg, "", "", NULL, "while the rest of it was filled", false},
	{memcg, NULL, NULL, NULL, "Nobody was killed here; in the log it was worker-1 (pid 5002).",
	 true},
	{memcg, "", "", NULL, "Processes have the sizes of the log.", true},
	{machine, "", "", NULL, "Processes have the sizes of the log.", false},
	{memcg, "pgtables:8192kB oom_score_adj:0\n",
	 "pgtables:8192kB oom_score_adj:0\n[1.000013] Tasks in /a/b are going to be killed due to memory.oom.group set\n[1.000014] Memory cgroup out of memory: Killed process 5003 (worker-2) total-vm:399996kB, anon-rss:26624kB, file-rss:2048kB, shmem-rss:2048kB, UID:1001 pgtables:64kB oom_score_adj:0\n",
	 NULL, "as in the log, and 1 process that the log does not name.", true},
	{memcg, "", "", NULL, "that the log does not name", false},
	{machine, "", "", NULL, "% of their sizes in the log.", true},
};

START_TEST(a_comparison_says_what_holds)
{
	const struct said *said = &saids[_i];
	_cleanup_free_ char *run = said->from && *said->from ? with(said->log, said->from, said->to)
							     : xstrdup(said->log);
	struct asked asked = new_asked();

	asked.other = said->from ? run : NULL;
	asked.compares = true;
	if (said->change)
		change(&asked, said->change);
	feed(said->log, on_log, &asked);
	squeeze(&asked.page);
	ck_assert_msg(!strstr(asked.page.buf, said->says) == !said->is_said, "%s: %s", said->says,
		      asked.page.buf);
	release(&asked);
}
END_TEST

START_TEST(a_source_quotes_what_is_hostile)
{
	_cleanup_free_ char *hostile = with(memcg, "worker-1", "a\"\\%s\?\?/*/");
	struct asked asked = plan_of(hostile);

	ck_assert(strstr(asked.source.buf,
			 "{\"a\\042\\134%s\\077\\077/*/\", 5002, 1000, 0, 41943040,"));
	ck_assert(!strstr(asked.source.buf, "kern*/"));
	ck_assert(strstr(asked.source.buf, ".name = \"my-kill\""));
	ck_assert(strstr(asked.source.buf, ".constraint = CONSTRAINT_MEMCG"));
	release(&asked);
}
END_TEST

/* Differences that the log itself explains: the log is edited, the run is not. */
static const struct reason {
	const char *log, *from, *to, *run, *run_from, *run_to, *says;
	bool is_said;
} reasons[] = {
	{memcg, "CONSTRAINT_MEMCG", "CONSTRAINT_NONE", memcg, "", "",
	 "The log prints the constraint NONE", true},
	{memcg, "CONSTRAINT_MEMCG", "CONSTRAINT_MEMCG", memcg, "", "",
	 "The log prints the constraint", false},
	/* In the log hog was killed, by the scores it would be the database. */
	{machine, "           300 hog", "             0 hog", machine, "5003 (hog)",
	 "5002 (database)", "The log's own table does not explain whom its kernel chose", true},
	{machine, "           300 hog", "           300 hog", machine, "5003 (hog)",
	 "5002 (database)", "The log's own table does not explain whom its kernel chose", false},
	{machine, "   256000   256000", "   276500   276500", machine, "5003 (hog)",
	 "5002 (database)", "the scores of the first two are equal, or less than 1 % apart", true},
	{machine, "   256000   256000", "   256000   256000", machine, "5003 (hog)",
	 "5002 (database)", "the scores of the first two are equal, or less than 1 % apart", false},
};

START_TEST(a_difference_has_its_reason)
{
	const struct reason *reason = &reasons[_i];
	_cleanup_free_ char *log = with(reason->log, reason->from, reason->to);
	_cleanup_free_ char *run = *reason->run_from
					   ? with(reason->run, reason->run_from, reason->run_to)
					   : xstrdup(reason->run);
	struct asked asked = new_asked();

	asked.other = run;
	asked.compares = true;
	feed(log, on_log, &asked);
	squeeze(&asked.page);
	ck_assert_msg(!strstr(asked.page.buf, reason->says) == !reason->is_said, "%s: %s",
		      reason->says, asked.page.buf);
	release(&asked);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("replay");
	TCase *const cases[] = {tc};

	tcase_add_test(tc, a_row_is_a_process);
	tcase_add_loop_test(tc, an_edit_brings_it_about, 0, ARRAY_SIZE(edits));
	tcase_add_test(tc, a_change_is_in_the_stage);
	tcase_add_test(tc, scaling_keeps_the_first);
	tcase_add_test(tc, by_hand_needs_no_shortage);
	tcase_add_test(tc, without_a_table_none_is_spoken_of);
	tcase_add_test(tc, a_change_without_effect_is_refused);
	tcase_add_test(tc, a_lower_limit_is_not_the_logs);
	tcase_add_test(tc, a_change_is_not_the_logs);
	tcase_add_test(tc, a_panic_is_compared);
	tcase_add_test(tc, what_cannot_be_has_one_line);
	tcase_add_loop_test(tc, a_comparison_says_what_holds, 0, ARRAY_SIZE(saids));
	tcase_add_loop_test(tc, a_difference_has_its_reason, 0, ARRAY_SIZE(reasons));
	tcase_add_test(tc, a_source_quotes_what_is_hostile);
	return suite_run("replay", cases, ARRAY_SIZE(cases));
}
