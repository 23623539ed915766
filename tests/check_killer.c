/*
 * check_killer.c - whose a line about a kill is, where it is not the kernel's OOM killer's.
 */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "doc/emit.h"
#include "explain/explain_others.h"
#include "oomlog/oomlog.h"
#include "suite.h"

static const struct {
	const char *line;
	enum killer killer;
} lines[] = {
	{"systemd-oomd[747]: Killed /user.slice/user-1000.slice/a.scope due to memory pressure for "
	 "/user.slice being 62.89% > 50.00% for > 20s with reclaim activity",
	 KILLER_SYSTEMD_OOMD},
	{"systemd[1]: a.scope: systemd-oomd killed 23 process(es) in this unit.",
	 KILLER_SYSTEMD_OOMD},
	{"Jun 12 06:39:16: sending SIGTERM to process 696 uid 1001 \"ipfs\": badness 757, VmRSS 637 "
	 "MiB",
	 KILLER_EARLYOOM},
	{"nohang[500]: Implementing a corrective action:", KILLER_NOHANG},
	{"<6>lowmemorykiller: Killing 'd.play.games.ui' (2613), adj 1000,", KILLER_LOWMEMORYKILLER},
	{"I lowmemorykiller: Kill 'com.x' (1234), uid 10123, oom_score_adj 900 to free 61440kB rss",
	 KILLER_LOWMEMORYKILLER},
	{"[ 1.000001] send sigkill to 123 (com.x), adj 8, size 1234", KILLER_LOWMEMORYKILLER},
	{"Warning Evicted pod/a The node was low on resource: memory. Threshold quantity: 100Mi",
	 KILLER_KUBELET},
	{"kubelet[1]: eviction manager: must evict pod(s) to reclaim resourceName=\"memory\"",
	 KILLER_KUBELET},
	{"OOM controller triggered {\"component\": \"controller-runtime\"}", KILLER_TALOS},
	{"kswapd0: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL), nodemask=(null)",
	 KILLER_ALLOCATION},
	{"Huh VM_FAULT_OOM leaked out to the #PF handler. Retrying PF", KILLER_FAULT_LEAKED},
	{"__vm_enough_memory: pid: 7, comm: a, bytes: 4096 not enough memory for the allocation",
	 KILLER_OVERCOMMIT},
	{"systemd[1]: init.scope: Failed with result 'oom-kill'.", KILLER_SYSTEMD_RESULT},
	/* the kernel's own, and what is none */
	{"Out of memory: Killed process 9 (b) total-vm:400kB, anon-rss:40kB", KILLER_NONE},
	{"systemd[1]: init.scope: Failed with result 'exit-code'.", KILLER_NONE},
	{"earlyoom[1]: mem avail: 607 of 950 MiB (63.93%)", KILLER_NONE},
	{"kubelet[1]: eviction manager: must evict pod(s) to reclaim resourceName=\"nodefs\"",
	 KILLER_NONE},
	{"Killed /tmp/a", KILLER_NONE},
};

START_TEST(a_line_is_one_killers)
{
	const char *line = lines[_i].line;

	ck_assert_int_eq(killer_of((struct span){line, strlen(line)}), lines[_i].killer);
}
END_TEST

static void no_event(const struct oomlog_event *event, void *ctx)
{
	(void)ctx;
	ck_abort_msg("an event at line %llu", (unsigned long long)event->lines.first);
}

static void count_other(const struct oomlog_other *other, void *ctx)
{
	others_add(ctx, other->killer, other->line);
}

static struct others others_in(const char *log)
{
	struct others others = {0};
	struct oomlog_options options = {0, no_event, &others, count_other};
	struct oomlog *parser = oomlog_new(&options);

	oomlog_feed(parser, log, strlen(log));
	oomlog_end(parser);
	oomlog_free(parser);
	return others;
}

START_TEST(lines_of_a_killer_are_counted_and_are_no_event)
{
	struct others others = others_in(
		"Jun 12 06:39:16 h earlyoom[1]: sending SIGTERM to process 696 uid 1 \"a\": badness 7\n"
		"Jun 12 06:39:16 h earlyoom[1]: sending SIGKILL to process 696 uid 1 \"a\": badness 7\n"
		"kswapd0: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL)\n");
	struct doc doc = {0};
	struct strbuf page = STRBUF_INIT;

	ck_assert_uint_eq(others.of[KILLER_EARLYOOM].count, 2);
	ck_assert_uint_eq(others.of[KILLER_EARLYOOM].last, 2);
	ck_assert_uint_eq(others.of[KILLER_ALLOCATION].first, 3);
	others_doc(&others, &doc);
	emit_markdown(&doc, &page);
	ck_assert_ptr_nonnull(strstr(page.buf, "earlyoom sent a signal"));
	ck_assert_ptr_nonnull(strstr(page.buf, "2 lines, 1 to 2"));
	ck_assert_ptr_nonnull(strstr(page.buf, "nobody is killed for that"));
	ck_assert_ptr_null(strstr(page.buf, "lmkd"));
	strbuf_release(&page);
	doc_release(&doc);
}
END_TEST

START_TEST(nothing_is_said_of_none)
{
	struct others others = others_in("May 1 10:00:00 h sshd[1]: Killed by signal 15.\n");
	struct doc doc = {0};
	json_t *array = others_json(&others);

	others_doc(&others, &doc);
	ck_assert_uint_eq(doc.count, 0);
	ck_assert_uint_eq(json_array_size(array), 0);
	json_decref(array);
	doc_release(&doc);
}
END_TEST

static TCase *killers(void)
{
	TCase *tc = tcase_create("killers");

	tcase_add_loop_test(tc, a_line_is_one_killers, 0, (int)ARRAY_SIZE(lines));
	tcase_add_test(tc, lines_of_a_killer_are_counted_and_are_no_event);
	tcase_add_test(tc, nothing_is_said_of_none);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {killers()};

	return suite_run("killer", cases, ARRAY_SIZE(cases));
}
