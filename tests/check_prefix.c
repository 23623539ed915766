/*
 * check_prefix.c - what another program puts in front of each line of the kernel's bare text is
 * taken off; quotes, chats and reports that only look like it stay what they are.
 *
 * Real logs in other forms: oomlog_forms.py.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "oomlog_seen.h"
#include "suite.h"

static const char *const dump[] = {
	"Web Content invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
	"CPU: 0 PID: 98 Comm: Web Content Not tainted 6.1.0 #1",
	"Hardware name: QEMU",
	"Call Trace:",
	" dump_stack+0x57/0x80",
	"memory: usage 32768kB, limit 32768kB, failcnt 20",
	"Tasks state (memory values in pages):",
	"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
	"[    202]     0   202    17179     8192   110592        0             0 hog",
	"oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/a,task_memcg=/a,task=hog,pid=202,uid=0",
	"Memory cgroup out of memory: Killed process 202 (hog) total-vm:68716kB, anon-rss:32768kB",
};

#define SEEN "Web Content>hog:202 own /a /a\n"

static void parse(struct seen *seen, const struct strbuf *text, size_t piece)
{
	*seen = (struct seen){0};
	parse_with(describe, seen, text->buf, text->len, piece);
}

/* %d is the number of the line. */
static void put_prefixed(struct strbuf *text, const char *prefix, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		for (const char *p = prefix; *p; p++)
			if (p[0] == '%' && p[1] == 'd')
				strbuf_printf(text, "%zu", i + 8), p++;
			else
				strbuf_putc(text, *p);
		strbuf_puts(text, dump[i]);
		strbuf_putc(text, '\n');
	}
}

static const char *const prefixes[] = {
	"web_1  | ",
	"pod/x-abc kernel-reader: ",
	"[journal] 2026-11-23T10:00:%dZ ",
	"/var/log/guest.txt:",
	"guest %d> ",
	"node-7 console[%d]: ",
	"\x1b[36mweb_1  |\x1b[0m ",
	"gr\xc3\xbc\xc3\x9f | ",
};

START_TEST(a_prefix_is_taken_off)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct seen seen;

	strbuf_puts(&text, "the container starts\nweb_1  | listening on 80\n");
	put_prefixed(&text, prefixes[_i], 0, ARRAY_SIZE(dump));
	strbuf_puts(&text, "web_1  | GET /\n");
	for (size_t piece = 1; piece < text.len; piece = piece * 3 + 1) {
		parse(&seen, &text, piece);
		ck_assert_str_eq(seen.log, SEEN);
	}
}
END_TEST

/* Lines of others between them, and a second dump behind another prefix. */
START_TEST(lines_of_others_stand_between)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct seen seen;

	for (size_t i = 0; i < ARRAY_SIZE(dump); i++) {
		put_prefixed(&text, "web_1  | ", i, i + 1);
		strbuf_puts(&text, "db_1   | checkpoint complete: wrote 12 buffers\n");
	}
	put_prefixed(&text, "vm_2   | ", 0, ARRAY_SIZE(dump) - 1);
	strbuf_puts(&text, "vm_2   | Memory cgroup out of memory: Killed process 202 (hog) "
			   "total-vm:68717kB, anon-rss:32768kB, file-rss:0kB\n");
	parse(&seen, &text, text.len);
	ck_assert_str_eq(seen.log, SEEN SEEN);
}
END_TEST

/* Texts that quote a kill, or a line or two of a dump; no event may come of them. */
static const char *const quotes[] = {
	"alert: Out of memory: Killed process 7 (a) total-vm:1kB, anon-rss:1kB, file-rss:0kB\n"
	"alert: oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),task=a,pid=7,uid=0\n"
	"alert: oom_reaper: reaped process 7 (a), now anon-rss:0kB\n",
	/* two kinds are fewer than three */
	"ann: Mem-Info:\nann: Call Trace:\nann: Call Trace:\nann: Mem-Info:\n"
	"ann: Out of memory: Killed process 7 (a) total-vm:1kB, anon-rss:1kB, file-rss:0kB\n",
	/* three kinds, each behind another text */
	"ann: Mem-Info:\nbob: Call Trace:\ncid: CPU: 0 PID: 9 Comm: a\n"
	"ann: Out of memory: Killed process 7 (a) total-vm:1kB, anon-rss:1kB, file-rss:0kB\n",
	/* inside quotation marks and braces */
	"log: \"Mem-Info:\"\nlog: \"Call Trace:\"\nlog: \"CPU: 0 PID: 9 Comm: a\"\n"
	"log: \"Out of memory: Killed process 7 (a) total-vm:1kB, anon-rss:1kB\"\n",
	"{text: Mem-Info:\n{text: Call Trace:\n{text: CPU: 0 PID: 9 Comm: a\n"
	"{text: Out of memory: Killed process 7 (a) total-vm:1kB, anon-rss:1kB\n",
};

START_TEST(a_quote_is_no_event)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct seen seen;

	strbuf_puts(&text, quotes[_i]);
	parse(&seen, &text, text.len);
	ck_assert_str_eq(seen.log, "");
}
END_TEST

/* What was proven for one program is not taken off another's line. */
START_TEST(a_proven_prefix_is_the_programs_alone)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct seen seen;

	put_prefixed(&text, "web_1  | ", 0, ARRAY_SIZE(dump));
	strbuf_puts(&text, "web_2  | hello\n"
			   "web_1: Out of memory: Killed process 7 (a) total-vm:1kB, "
			   "anon-rss:1kB, file-rss:0kB\n"
			   "web_12 | Out of memory: Killed process 7 (a) total-vm:1kB\n"
			   "web | Out of memory: Killed process 7 (a) total-vm:1kB\n");
	parse(&seen, &text, text.len);
	ck_assert_str_eq(seen.log, SEEN);
}
END_TEST

/* More lines than are held, each of which may begin a prefix: all come out, in their order. */
START_TEST(many_lines_without_a_prefix)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct seen seen;

	for (int i = 0; i < 1000; i++)
		strbuf_printf(&text, "%c%c: Mem-Info:\n", 'a' + i % 26, 'a' + i / 26 % 26);
	put_prefixed(&text, "", 0, ARRAY_SIZE(dump));
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&text, "%c%c: Call Trace:\n", 'a' + i % 26, 'a' + i / 26 % 26);
	parse(&seen, &text, text.len);
	ck_assert_str_eq(seen.log, SEEN);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("prefix");
	TCase *const cases[] = {t};

	tcase_add_loop_test(t, a_prefix_is_taken_off, 0, ARRAY_SIZE(prefixes));
	tcase_add_test(t, lines_of_others_stand_between);
	tcase_add_loop_test(t, a_quote_is_no_event, 0, ARRAY_SIZE(quotes));
	tcase_add_test(t, a_proven_prefix_is_the_programs_alone);
	tcase_add_test(t, many_lines_without_a_prefix);
	return suite_run("prefix", cases, ARRAY_SIZE(cases));
}
