/*
 * check_oomlog.c - kernel text to events: live capture first, then what people paste.
 *
 * Fixtures under tests/fixtures/oomlog are captured from real kills (kmsg-6.1-*, dmesg-6.18-v1) or
 * written to the format of the kernel they are named after.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/strbuf.h"
#include "oomlog/oomlog.h"

#define FIXTURES "tests/fixtures/oomlog/"

/* What a test looks at after the parser is gone. */
struct seen {
	size_t count;
	char log[8192]; /* one line an event: "invoker>victims scope oom_memcg task_memcg" */
	int64_t number[8];
};

static void describe(const struct oomlog_event *ev, void *ctx)
{
	struct seen *seen = ctx;
	size_t n = strlen(seen->log);

	n += (size_t)snprintf(seen->log + n, sizeof(seen->log) - n, "%s>",
			      ev->invoker_comm ? ev->invoker_comm : "?");
	for (size_t i = 0; i < ev->victim_count && n < sizeof(seen->log); i++)
		n += (size_t)snprintf(seen->log + n, sizeof(seen->log) - n, "%s%s:%lld",
				      i ? "," : "", ev->victims[i].comm ? ev->victims[i].comm : "?",
				      (long long)ev->victims[i].pid);
	if (n < sizeof(seen->log))
		snprintf(seen->log + n, sizeof(seen->log) - n, " %s %s %s\n",
			 ev->scope ? ev->scope : "?", ev->oom_memcg ? ev->oom_memcg : "-",
			 ev->task_memcg ? ev->task_memcg : "-");
	seen->count++;
}

static void parse_with(oomlog_event_fn *fn, void *ctx, const char *text, size_t len, size_t step)
{
	struct oomlog_options options = {0, fn, ctx};
	struct oomlog *log = oomlog_new(&options);

	for (size_t at = 0; at < len; at += step)
		oomlog_feed(log, text + at, len - at < step ? len - at : step);
	oomlog_end(log);
	oomlog_free(log);
}

static struct seen parse(const char *text)
{
	struct seen seen = {0};

	parse_with(describe, &seen, text, strlen(text), strlen(text) + 1);
	return seen;
}

static struct strbuf fixture(const char *name)
{
	struct strbuf text = STRBUF_INIT;
	char path[256];

	snprintf(path, sizeof(path), FIXTURES "%s", name);
	int rc = io_read_at(-100 /* AT_FDCWD */, path, 1 << 22, &text);
	ck_assert_msg(rc == 0, "%s: %s", path, strerror(-rc));
	return text;
}

static void parse_fixture(const char *name, oomlog_event_fn *fn, void *ctx)
{
	struct strbuf text = fixture(name);

	parse_with(fn, ctx, text.buf, text.len, 4096);
	strbuf_release(&text);
}

static void is_limit_lowered(const struct oomlog_event *ev, void *ctx)
{
	++*(int *)ctx;
	ck_assert_str_eq(ev->invoker_comm, "sh");
	ck_assert_int_eq(ev->invoker_pid, 156);
	ck_assert_str_eq(ev->kernel, "6.1.0-56-cloud-amd64");
	ck_assert_str_eq(ev->gfp_mask, "0xcc0(GFP_KERNEL)");
	ck_assert_int_eq(ev->order, 0);
	ck_assert_str_eq(ev->constraint, "MEMCG");
	ck_assert_str_eq(ev->scope, "own");
	ck_assert_str_eq(ev->oom_memcg, "/s");
	ck_assert_str_eq(ev->mechanism, "limit_lowered");
	ck_assert_int_eq(ev->usage_bytes, 24732 * 1024);
	ck_assert_int_eq(ev->limit_bytes, 8192 * 1024);
	ck_assert_int_eq(ev->time_ns, 10278709000);
	ck_assert_uint_eq(ev->victim_count, 1);
	ck_assert_str_eq(ev->victims[0].comm, "sleep");
	ck_assert_int_eq(ev->victims[0].total_vm_bytes, 2260 * 1024);
	ck_assert_int_eq(ev->victims[0].pgtables_bytes, 28 * 1024);
	ck_assert_uint_eq(ev->task_count, 1);
	ck_assert_int_eq(ev->tasks[0].total_vm_bytes, 565 * 4096);
	ck_assert_uint_gt(ev->stat_count, 20);
	ck_assert_str_eq(ev->stats[0].name, "anon");
	ck_assert_int_eq(ev->stats[0].value, 53248);
	ck_assert_str_eq(ev->trace[5], "memory_max_write");
	ck_assert(ev->has_registers);
	ck_assert_uint_eq(ev->user_rip, 0x47b7a0);
	ck_assert_uint_eq(ev->user_rsp, 0x7fff84f458b8);
	ck_assert_uint_eq(ev->user_rcx, 0x47b7a0);
	ck_assert_uint_eq(ev->lines.first, 1);
	ck_assert_uint_eq(ev->lines.killed, 43);
}

START_TEST(kmsg_of_6_1_gives_every_field)
{
	int count = 0;

	parse_fixture("kmsg-6.1-limit-lowered.txt", is_limit_lowered, &count);
	ck_assert_int_eq(count, 1);
}
END_TEST

static void is_host_v1(const struct oomlog_event *ev, void *ctx)
{
	++*(int *)ctx;
	ck_assert_str_eq(ev->scope, "own");
	ck_assert_int_eq(ev->invoker_uid, 0);
	ck_assert_int_eq(ev->page_size, 4096);
	ck_assert(ev->page_size_inferred);
	ck_assert_int_eq(ev->tasks[0].rss_anon_bytes, 4064 * 4096);
	ck_assert_int_eq(ev->victims[0].anon_rss_bytes, ev->tasks[0].rss_anon_bytes);
	ck_assert_int_eq(ev->memsw_usage_bytes, 16384 * 1024);
	ck_assert_str_eq(ev->mechanism, "page_fault");
	ck_assert_uint_eq(ev->user_rcx, 0x1031010);
	ck_assert_uint_eq(ev->note_count, 0);
}

START_TEST(dmesg_of_6_18_on_cgroup_v1)
{
	int count = 0;

	parse_fixture("dmesg-6.18-v1.txt", is_host_v1, &count);
	ck_assert_int_eq(count, 1);
}
END_TEST

START_TEST(group_kill_lists_a_pid_once)
{
	struct seen seen = {0};

	parse_fixture("kmsg-6.1-group.txt", describe, &seen);
	ck_assert_str_eq(seen.log, "sh> memcg - -\n"
				   "?>hog:169,hog:168 own /t-childkill-167 /t-childkill-167\n");
}
END_TEST

START_TEST(text_may_be_cut_anywhere)
{
	struct strbuf text = fixture("kmsg-6.1-limit-lowered.txt");
	int count = 0;

	parse_with(is_limit_lowered, &count, text.buf, text.len, (size_t)_i + 1);
	ck_assert_int_eq(count, 1);
	strbuf_release(&text);
}
END_TEST

START_TEST(logs_without_oom_give_nothing)
{
	struct seen seen = parse("[    0.000000] Linux version 6.1.0\n"
				 "pcpu-alloc: [0] 00 01 02\n"
				 "MCE: Killing madvise07:539405 due to hardware memory corruption\n"
				 "init: tty1 main process (1024) killed by TERM signal\n"
				 "systemd-oomd[1]: Killed /user.slice/user-1000.slice\n"
				 "would have killed process 749\n"
				 "[   12.000001] Mem-Info:\n"
				 "[   12.000002] active_anon:5403 inactive_anon:2167\n");

	ck_assert_uint_eq(seen.count, 0);
}
END_TEST

static TCase *capture(void)
{
	TCase *tc = tcase_create("capture");

	tcase_add_test(tc, kmsg_of_6_1_gives_every_field);
	tcase_add_test(tc, dmesg_of_6_18_on_cgroup_v1);
	tcase_add_test(tc, group_kill_lists_a_pid_once);
	tcase_add_loop_test(tc, text_may_be_cut_anywhere, 0, 40);
	tcase_add_test(tc, logs_without_oom_give_nothing);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("oomlog");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, capture());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
