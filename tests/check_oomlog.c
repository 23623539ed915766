/*
 * check_oomlog.c - kernel text to events: live capture first, then what people paste.
 *
 * Fixtures under tests/fixtures/oomlog are captured from real kills (kmsg-6.1-*, kmsg-6.12-*,
 * dmesg-6.18-v1, and wrapped-* made from it) or written to the format of the kernel they are named
 * after.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "oomlog/draft.h"
#include "oomlog/oomlog.h"
#include "oomlog_seen.h"
#include "suite.h"

#define FIXTURES "tests/fixtures/oomlog/"

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

/* A log of one kill. The function that looks at its event counts it in an int. */
static void parse_one_event(const char *name, oomlog_event_fn *look)
{
	int count = 0;

	parse_fixture(name, look, &count);
	ck_assert_int_eq(count, 1);
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
	ck_assert_int_eq(ev->scope, SCOPE_OWN);
	ck_assert_str_eq(ev->oom_memcg, "/s");
	ck_assert_int_eq(ev->mechanism, MECHANISM_LIMIT_LOWERED);
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
	parse_one_event("kmsg-6.1-limit-lowered.txt", is_limit_lowered);
}
END_TEST

static const struct capture {
	const char *file, *cgroup; /* NULL: the whole machine's memory */
	int64_t victim, limit, anon_rss, tasks, ram;
	size_t victims, notes;
} captures[] = {
	{"kmsg-6.12-own.txt", "/oomlab-120-287", 121, 512 << 20, 523164 * 1024, 1, ABSENT, 1, 0},
	{"kmsg-6.12-child.txt", "/oomlab-120-202", 122, 32 << 20, 30464 * 1024, 2, ABSENT, 1, 0},
	{"kmsg-6.12-group.txt", "/oomlab-119-144", 121, 32 << 20, 32512 * 1024, 2, ABSENT, 2, 1},
	{"kmsg-6.12-global.txt", NULL, 121, ABSENT, 165376 * 1024, 2, 65438 * 4096, 1, 0},
};

static void is_capture(const struct oomlog_event *ev, void *ctx)
{
	const struct capture **next = ctx, *c = (*next)++;

	ck_assert_str_eq(ev->kernel, "6.12.117+deb12-cloud-amd64");
	ck_assert_int_eq(ev->invoker_uid, 0);
	ck_assert_int_eq(ev->scope, c->cgroup ? SCOPE_OWN : SCOPE_GLOBAL);
	ck_assert_str_eq(ev->constraint, c->cgroup ? "MEMCG" : "NONE");
	ck_assert_pstr_eq(ev->oom_memcg, c->cgroup);
	ck_assert_int_eq(ev->limit_bytes, c->limit);
	ck_assert_int_eq(ev->ram_bytes, c->ram);
	ck_assert_uint_eq(ev->victim_count, c->victims);
	ck_assert_int_eq(ev->group_kill, c->victims > 1);
	ck_assert_int_eq(ev->victims[0].pid, c->victim);
	ck_assert_int_eq(ev->victims[0].anon_rss_bytes, c->anon_rss);
	ck_assert_int_eq((int64_t)ev->task_count, c->tasks);
	ck_assert_int_eq(ev->mechanism, MECHANISM_PAGE_FAULT);
	ck_assert_uint_eq(ev->note_count, c->notes);
}

START_TEST(kmsg_of_6_12)
{
	const struct capture *next = &captures[_i];

	parse_fixture(captures[_i].file, is_capture, &next);
	ck_assert_ptr_eq(next, &captures[_i + 1]);
}
END_TEST

static void is_host_v1(const struct oomlog_event *ev, void *ctx)
{
	++*(int *)ctx;
	ck_assert_int_eq(ev->scope, SCOPE_OWN);
	ck_assert_int_eq(ev->invoker_uid, 0);
	ck_assert_int_eq(ev->page_size, 4096);
	ck_assert(ev->page_size_inferred);
	ck_assert_int_eq(ev->tasks[0].rss_anon_bytes, 4064 * 4096);
	ck_assert_int_eq(ev->victims[0].anon_rss_bytes, ev->tasks[0].rss_anon_bytes);
	ck_assert_int_eq(ev->memsw_usage_bytes, 16384 * 1024);
	ck_assert_int_eq(ev->mechanism, MECHANISM_PAGE_FAULT);
	ck_assert_uint_eq(ev->user_rcx, 0x1031010);
	ck_assert_uint_ne(ev->user_rdi, 0);
	/* rep stos %al, and what follows it */
	ck_assert_uint_eq(ev->user_code_length, 8);
	ck_assert_int_eq(memcmp(ev->user_code, "\xf3\xaa\x48\x89\xd0\xc3\x48\x3b", 8), 0);
	ck_assert_uint_eq(ev->note_count, 0);
}

START_TEST(dmesg_of_6_18_on_cgroup_v1)
{
	parse_one_event("dmesg-6.18-v1.txt", is_host_v1);
}
END_TEST

START_TEST(group_kill_lists_a_pid_once)
{
	struct seen seen = {0};

	parse_fixture("kmsg-6.1-group.txt", describe, &seen);
	ck_assert_str_eq(seen.log, "sh> memcg /s -\n"
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

/* A trigger, lines of nothing, then what is an event only while the trigger is near. */
START_TEST(events_do_not_depend_on_the_pieces)
{
	struct seen whole = {0}, lines = {0};
	struct strbuf text = STRBUF_INIT;

	strbuf_puts(&text, "[    1.000000] rows of total_vm\n");
	for (int i = 0; i < 300; i++)
		strbuf_puts(&text, "[    2.000000] nothing\n");
	strbuf_puts(&text, "[    3.000000] [   80]     0    80     980 1 2 3 0 a\n"
			   "[    3.000000] Memory cgroup stats for /a:\n");
	parse_with(describe, &whole, text.buf, text.len, text.len);
	parse_with(describe, &lines, text.buf, text.len, 23);
	ck_assert_str_eq(whole.log, lines.log);
	strbuf_release(&text);
}
END_TEST

START_TEST(logs_without_oom_give_nothing)
{
	struct seen seen = {0};

	parse_fixture("negatives.txt", describe, &seen);
	ck_assert_str_eq(seen.log, "");
}
END_TEST

static void note_pid(const struct oomlog_event *ev, void *ctx)
{
	int64_t *next = ctx;

	ck_assert_uint_eq(ev->victim_count, 1);
	ck_assert_int_eq(ev->victims[0].pid, *next);
	ck_assert_str_eq(ev->victims[0].comm, "hog");
	ck_assert_int_eq(ev->scope, SCOPE_GLOBAL);
	++*next;
}

START_TEST(every_style_of_header_is_taken_off)
{
	int64_t next = 101;

	parse_fixture("prefixes.txt", note_pid, &next);
	ck_assert_int_eq(next, 141);
}
END_TEST

static void is_el6(const struct oomlog_event *ev, void *ctx)
{
	++*(int *)ctx;
	ck_assert_ptr_null(ev->constraint);
	ck_assert_int_eq(ev->scope, SCOPE_GLOBAL);
	ck_assert_int_eq(ev->invoker_pid, 4373);
	ck_assert_int_eq(ev->victims[0].uid, 500);
	ck_assert_int_eq(ev->victims[0].oom_score_adj, 0);
	ck_assert_int_eq(ev->victims[0].shmem_rss_bytes, ABSENT);
	ck_assert_int_eq(ev->chosen_score, 830);
	ck_assert_uint_eq(ev->task_count, 3);
	ck_assert_str_eq(ev->tasks[2].comm, "tmux: server");
	ck_assert_int_eq(ev->tasks[0].oom_score_adj, -1000);
	ck_assert_int_eq(ev->tasks[0].swap_bytes, ABSENT);
	ck_assert_int_eq(ev->swap_total_bytes, 102396 * 1024);
	ck_assert_int_eq(ev->ram_bytes, INT64_C(262144) * 4096);
	ck_assert_uint_eq(ev->zone_count, 1);
	ck_assert_int_eq(ev->zones[0].blocks[10], 2);
	ck_assert_int_eq(ev->mechanism, MECHANISM_SOME_PAGE_FAULT);
	ck_assert_uint_eq(ev->note_count, 0);
}

START_TEST(table_of_2_6_32_has_other_columns)
{
	parse_one_event("el6-global-2.6.32.txt", is_el6);
}
END_TEST

static void is_el7(const struct oomlog_event *ev, void *ctx)
{
	++*(int *)ctx;
	ck_assert_str_eq(ev->constraint, "MEMCG");
	ck_assert_int_eq(ev->scope, SCOPE_ANCESTOR);
	ck_assert_str_eq(ev->oom_memcg, "/docker/a");
	ck_assert_str_eq(ev->task_memcg, "/docker/a/b");
	ck_assert_int_eq(ev->failcnt, 41);
	ck_assert_int_eq(ev->victims[0].uid, 0);
	ck_assert_int_eq(ev->tasks[0].pgtables_bytes, 40 * 4096);
	ck_assert_int_eq(oomlog_stat_value(ev->stats, ev->stat_count, "cache"), 60000 * 1024);
	ck_assert_int_eq(oomlog_stat_value(ev->stats, ev->stat_count, "rss"), 5536 * 1024);
	ck_assert_str_eq(ev->stats_memcg, "/docker/a");
}

START_TEST(memcg_of_3_10_adds_up_its_descendants)
{
	parse_one_event("el7-memcg-v1-3.10.txt", is_el7);
}
END_TEST

static void is_64k(const struct oomlog_event *ev, void *ctx)
{
	++*(int *)ctx;
	ck_assert_int_eq(ev->page_size, 65536);
	ck_assert(ev->page_size_inferred);
	ck_assert_int_eq(ev->tasks[0].rss_bytes, 10 * 65536);
	ck_assert_int_eq(ev->tasks[0].swap_bytes, 300 * 65536);
	ck_assert_int_eq(ev->tasks[0].oom_score_adj, 0);
	ck_assert_str_eq(ev->tasks[0].comm, "test zswap");
	ck_assert_str_eq(ev->oom_memcg, "/no zswap, test");
	ck_assert_str_eq(ev->task_memcg, "/no zswap, test/x");
	ck_assert_str_eq(ev->table_columns,
			 "pid,uid,tgid,total_vm,rss,rss_anon,rss_file,rss_shmem,pgtables_bytes,"
			 "swapents,(01)nrss,oom_score_adj,name");
}

START_TEST(page_size_is_inferred_and_unknown_columns_skipped)
{
	parse_one_event("arm64-64k-cut.txt", is_64k);
}
END_TEST

START_TEST(wraps_are_undone)
{
	static const char *const files[] = {"wrapped-80.txt", "wrapped-mail.txt"};
	struct seen seen = {0};

	parse_fixture(files[_i], describe, &seen);
	ck_assert_str_eq(seen.log, "h>h:6524 own /oomlab-probe-3760 /oomlab-probe-3760\n");
}
END_TEST

static void is_hostile(const struct oomlog_event *ev, void *ctx)
{
	++*(int *)ctx;
	ck_assert_str_eq(ev->invoker_comm, "a,pid=1,uid=0");
	ck_assert_int_eq(ev->invoker_pid, 77);
	ck_assert_str_eq(ev->oom_memcg, "/x,task_memcg=/fake,task=f,pid=2,uid=3/y: z");
	ck_assert_str_eq(ev->task_memcg, "/x,task_memcg=/fake,task=f,pid=2,uid=3/y: z/leaf");
	ck_assert_int_eq(ev->scope, SCOPE_ANCESTOR);
	ck_assert_uint_eq(ev->victim_count, 1);
	ck_assert_int_eq(ev->victims[0].pid, 77);
	ck_assert_str_eq(ev->victims[0].comm, "a,pid=1,uid=0");
	ck_assert_uint_eq(ev->task_count, 3);
	ck_assert_str_eq(ev->tasks[1].comm, "Killed process");
	ck_assert_str_eq(ev->tasks[2].comm, "9 9 9) total-vm");
}

START_TEST(names_and_paths_cannot_fake_fields)
{
	parse_one_event("hostile-names-6.1.txt", is_hostile);
}
END_TEST

START_TEST(a_kill_is_found_behind_much_else)
{
	struct strbuf text = STRBUF_INIT;
	struct seen seen = {0};

	for (int i = 0; i < 40000; i++)
		strbuf_printf(&text, "[%5d.000000] usb 1-1: still reset, memory of room %d\n", i,
			      i);
	strbuf_puts(&text,
		    "[40001.000000] [  77]  0  77  100  10  1  0  0 hog\n"
		    "[40001.000000] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),"
		    "cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=hog,pid=77,uid=0\n");
	parse_with(describe, &seen, text.buf, text.len, 10007);
	strbuf_release(&text);
	ck_assert_str_eq(seen.log, "?>hog:77 global - /\n");
}
END_TEST

/* One word a value, none for two of them; who asked for no memory is told apart. */
START_TEST(each_scope_and_mechanism_has_a_word_of_its_own)
{
	size_t without = 0;

	for (int i = 0; i < SCOPE_COUNT; i++)
		ck_assert_int_eq(text_index(scope_names, SCOPE_COUNT, scope_names[i]), i);
	ck_assert_ptr_null(mechanism_words[MECHANISM_NONE].name);
	for (int i = MECHANISM_NONE + 1; i < MECHANISM_COUNT; i++) {
		ck_assert(mechanism_words[i].name && mechanism_words[i].sentence);
		for (int k = MECHANISM_NONE + 1; k < i; k++)
			ck_assert_str_ne(mechanism_words[i].name, mechanism_words[k].name);
		without += mechanism_needs_none((enum mechanism)i);
	}
	ck_assert_uint_eq(without, 4);
	ck_assert(!mechanism_needs_none(MECHANISM_NONE));
}
END_TEST

START_TEST(pages_read_ahead_are_a_fault_where_a_mapped_file_was_touched)
{
	static const char *const by_read[] = {"page_cache_ra_order", "filemap_read"};
	static const char *const by_touch[] = {"page_cache_ra_order", "filemap_fault"};

	ck_assert_int_eq(mechanism_of_trace(by_read, 2), MECHANISM_FILE_READ);
	ck_assert_int_eq(mechanism_of_trace(by_touch, 2), MECHANISM_FILE_FAULT);
	ck_assert_int_eq(mechanism_of_trace(by_read, 0), MECHANISM_NONE);
}
END_TEST

/* Both as the kernel 6.12 prints them. */
START_TEST(a_file_made_on_a_tmpfs_is_no_page_of_it)
{
	static const char *const made[] = {"shmem_alloc_inode", "alloc_inode",	"new_inode",
					   "__shmem_get_inode", "shmem_mknod",	"path_openat",
					   "do_filp_open",	"do_syscall_64"};
	static const char *const written[] = {"shmem_alloc_folio", "shmem_get_folio_gfp",
					      "shmem_write_begin", "generic_perform_write",
					      "do_syscall_64"};

	ck_assert_int_eq(mechanism_of_trace(made, 8), MECHANISM_FILE_METADATA);
	ck_assert_int_eq(mechanism_of_trace(written, 5), MECHANISM_TMPFS_WRITE);
}
END_TEST

static TCase *pasted(void)
{
	TCase *tc = tcase_create("pasted");

	tcase_add_test(tc, logs_without_oom_give_nothing);
	tcase_add_test(tc, every_style_of_header_is_taken_off);
	tcase_add_test(tc, table_of_2_6_32_has_other_columns);
	tcase_add_test(tc, memcg_of_3_10_adds_up_its_descendants);
	tcase_add_test(tc, page_size_is_inferred_and_unknown_columns_skipped);
	tcase_add_loop_test(tc, wraps_are_undone, 0, 2);
	tcase_add_test(tc, names_and_paths_cannot_fake_fields);
	tcase_add_test(tc, a_kill_is_found_behind_much_else);
	return tc;
}

static TCase *capture(void)
{
	TCase *tc = tcase_create("capture");

	tcase_add_test(tc, each_scope_and_mechanism_has_a_word_of_its_own);
	tcase_add_test(tc, a_file_made_on_a_tmpfs_is_no_page_of_it);
	tcase_add_test(tc, pages_read_ahead_are_a_fault_where_a_mapped_file_was_touched);
	tcase_add_test(tc, kmsg_of_6_1_gives_every_field);
	tcase_add_test(tc, dmesg_of_6_18_on_cgroup_v1);
	tcase_add_loop_test(tc, kmsg_of_6_12, 0, (int)ARRAY_SIZE(captures));
	tcase_add_test(tc, group_kill_lists_a_pid_once);
	tcase_add_test(tc, events_do_not_depend_on_the_pieces);
	tcase_add_loop_test(tc, text_may_be_cut_anywhere, 0, 40);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {capture(), pasted()};

	return suite_run("oomlog", cases, ARRAY_SIZE(cases));
}
