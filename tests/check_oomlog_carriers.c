/*
 * check_oomlog_carriers.c - one captured log in whatever people carry logs in: the events are the
 * same.
 *
 * A carrier is described by what it puts around each line: %S the printk stamp without brackets,
 * %s whole seconds, %u microseconds, %c a clock, %p the level, %i the number of the record, %t the
 * text, %j the text as the inside of a JSON string, %m the same of all lines of the record. Records
 * of several lines are carried a line at a time by `next`, or like the first where that is NULL.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "oomlog/oomlog.h"
#include "suite.h"

#define FIXTURES "tests/fixtures/oomlog/"

enum { RECORD_LINES_MAX = 80 };

struct record {
	int64_t time_us;
	int level, number;
	char *text; /* lines, separated by NUL */
	size_t line_count;
	const char *lines[RECORD_LINES_MAX];
};

struct carrier {
	const char *name, *first, *next;
	size_t width;		  /* lines are broken there; 0: not */
	const char *front, *back; /* of the whole text; NULL: nothing */
	void (*change)(struct strbuf *text);
};

static void put_json(struct strbuf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_putc(out, '\\');
		strbuf_putc(out, *s);
	}
}

static void put_field(struct strbuf *out, char field, const struct record *r, const char *text)
{
	int64_t s = r->time_us / 1000000, us = r->time_us % 1000000;

	switch (field) {
	case 'S':
		strbuf_printf(out, "%5" PRId64 ".%06" PRId64, s, us);
		break;
	case 's':
		strbuf_printf(out, "%" PRId64, s);
		break;
	case 'u':
		strbuf_printf(out, "%06" PRId64, us);
		break;
	case 'c':
		strbuf_printf(out, "10:%02" PRId64 ":%02" PRId64, s / 60 % 60, s % 60);
		break;
	case 'p':
		strbuf_printf(out, "%d", r->level);
		break;
	case 'i':
		strbuf_printf(out, "%d", r->number);
		break;
	case 't':
		strbuf_puts(out, text);
		break;
	case 'j':
		put_json(out, text);
		break;
	case 'm':
		for (size_t i = 0; i < r->line_count; i++) {
			strbuf_puts(out, i ? "\\n" : "");
			put_json(out, r->lines[i]);
		}
		break;
	default:
		ck_abort_msg("no such field: %c", field);
	}
}

static void put_line(struct strbuf *out, const char *format, const struct record *r,
		     const char *text)
{
	for (; *format; format++) {
		if (*format == '%' && format[1])
			put_field(out, *++format, r, text);
		else
			strbuf_putc(out, *format);
	}
	strbuf_putc(out, '\n');
}

/* Breaks what was added since `from` at the carrier's width. */
static void wrap(struct strbuf *out, size_t from, size_t width)
{
	_cleanup_free_ char *line = xstrdup(out->buf + from);
	size_t len = strlen(line) - 1;

	out->len = from;
	for (size_t at = 0; at < len; at += width) {
		strbuf_append(out, line + at, len - at < width ? len - at : width);
		strbuf_putc(out, '\n');
	}
}

static void put_record(struct strbuf *out, const struct carrier *c, const struct record *r)
{
	size_t lines = strstr(c->first, "%m") ? 1 : r->line_count;

	for (size_t i = 0; i < lines; i++) {
		size_t from = out->len;

		put_line(out, i && c->next ? c->next : c->first, r, r->lines[i]);
		if (c->width)
			wrap(out, from, c->width);
	}
}

/* "4,1234,5678,-;text\x0amore" */
static bool read_record(char *line, struct record *r)
{
	char *text = strchr(line, ';');
	size_t n = 0;

	if (!text || sscanf(line, "%d,%d,%" SCNd64 ",", &r->level, &r->number, &r->time_us) != 3 ||
	    r->level > 7)
		return false;
	r->text = xcalloc(1, strlen(text));
	for (char *p = text + 1; *p; p++, n++) {
		unsigned int byte;

		if (*p == '\\' && sscanf(p, "\\x%2x", &byte) == 1) {
			r->text[n] = byte == '\n' ? '\0' : (char)byte;
			p += 3;
		} else {
			r->text[n] = *p;
		}
	}
	r->line_count = 0;
	for (size_t at = 0; at <= n && r->line_count < RECORD_LINES_MAX;
	     at += strlen(r->text + at) + 1)
		r->lines[r->line_count++] = r->text + at;
	if (r->line_count > 1 && !*r->lines[r->line_count - 1])
		r->line_count--;
	return true;
}

static void carry(struct strbuf *out, const struct carrier *c, const char *fixture)
{
	_cleanup_strbuf_ struct strbuf raw = STRBUF_INIT;
	char path[256], *rest;

	snprintf(path, sizeof(path), FIXTURES "%s", fixture);
	ck_assert_int_eq(io_read_at(-100 /* AT_FDCWD */, path, 1 << 22, &raw), 0);
	strbuf_puts(out, c->front ? c->front : "");
	rest = raw.buf;
	for (char *line; (line = strsep(&rest, "\n"));) {
		struct record r;

		if (!read_record(line, &r))
			continue;
		put_record(out, c, &r);
		free(r.text);
	}
	strbuf_puts(out, c->back ? c->back : "");
	if (c->change)
		c->change(out);
}

#define SAY(out, ...) strbuf_printf((out), __VA_ARGS__)

static const char *text_or_dash(const char *s)
{
	return s ? s : "-";
}

/* Everything that a carrier could spoil. */
static void describe(const struct oomlog_event *ev, void *ctx)
{
	struct strbuf *out = ctx;

	SAY(out, "%s %lld %s order %lld %s %s %s %s kernel %s page %lld mechanism %s\n",
	    text_or_dash(ev->invoker_comm), (long long)ev->invoker_pid, text_or_dash(ev->gfp_mask),
	    (long long)ev->order, text_or_dash(ev->constraint),
	    text_or_dash(ev->scope ? scope_names[ev->scope] : NULL), text_or_dash(ev->oom_memcg),
	    text_or_dash(ev->task_memcg), text_or_dash(ev->kernel), (long long)ev->page_size,
	    text_or_dash(mechanism_words[ev->mechanism].name));
	SAY(out, "limit %lld usage %lld failcnt %lld swap %lld RAM %lld\n",
	    (long long)ev->limit_bytes, (long long)ev->usage_bytes, (long long)ev->failcnt,
	    (long long)ev->swap_total_bytes, (long long)ev->ram_bytes);
	for (size_t i = 0; i < ev->victim_count; i++)
		SAY(out, "killed %s %lld %lld %lld %lld %lld\n", text_or_dash(ev->victims[i].comm),
		    (long long)ev->victims[i].pid, (long long)ev->victims[i].uid,
		    (long long)ev->victims[i].anon_rss_bytes,
		    (long long)ev->victims[i].shmem_rss_bytes,
		    (long long)ev->victims[i].oom_score_adj);
	for (size_t i = 0; i < ev->task_count; i++)
		SAY(out, "task %lld %s %lld %lld\n", (long long)ev->tasks[i].pid, ev->tasks[i].comm,
		    (long long)ev->tasks[i].rss_bytes, (long long)ev->tasks[i].oom_score_adj);
	for (size_t i = 0; i < ev->trace_count; i++)
		SAY(out, "frame %s\n", ev->trace[i]);
	for (size_t i = 0; i < ev->stat_count; i++)
		SAY(out, "%s %lld\n", ev->stats[i].name, (long long)ev->stats[i].value);
	for (size_t i = 0; i < ev->meminfo_count; i++)
		SAY(out, "%s %lld\n", ev->meminfo[i].name, (long long)ev->meminfo[i].value);
	SAY(out, "%zu zones, %s\n\n", ev->zone_count, ev->group_kill ? "group" : "one");
}

static void events_of(const struct strbuf *text, struct strbuf *out)
{
	struct oomlog_options options = {0, describe, out, NULL};
	struct oomlog *log = oomlog_new(&options);

	oomlog_feed(log, text->buf, text->len);
	oomlog_end(log);
	oomlog_free(log);
}

static void quoted_printable(struct strbuf *text)
{
	_cleanup_free_ char *plain = strbuf_detach(text);
	size_t column = 0;

	for (const char *p = plain; *p; p++) {
		if (*p == '=')
			strbuf_puts(text, "=3D");
		else
			strbuf_putc(text, *p);
		column = *p == '\n' ? 0 : column + (*p == '=' ? 3 : 1);
		if (column > 72 && p[1] != '\n') {
			strbuf_puts(text, "=\n");
			column = 0;
		}
	}
}

static void utf16(struct strbuf *text)
{
	_cleanup_free_ char *plain = strbuf_detach(text);
	size_t len = strlen(plain);

	strbuf_append(text, "\xff\xfe", 2);
	for (size_t i = 0; i < len; i++) {
		strbuf_putc(text, plain[i]);
		strbuf_putc(text, '\0');
	}
}

static void one_line(struct strbuf *text)
{
	for (size_t i = 0; i + 1 < text->len; i++)
		if (text->buf[i] == '\n')
			text->buf[i] = ' ';
}

static void html(struct strbuf *text)
{
	_cleanup_free_ char *plain = strbuf_detach(text);

	for (const char *p = plain; *p; p++)
		if (*p == '<')
			strbuf_puts(text, "&lt;");
		else if (*p == '>')
			strbuf_puts(text, "&gt;");
		else if (*p == ' ' && p[1] == ' ')
			strbuf_puts(text, "&nbsp;");
		else
			strbuf_putc(text, *p);
}

static const struct carrier carriers[] = {
	{.name = "nothing", .first = "%t"},
	{.name = "dmesg", .first = "[%S] %t"},
	{.name = "dmesg, continuations indented", .first = "[%S] %t", .next = "               %t"},
	{.name = "caller ids", .first = "[%S][  T123] %t"},
	{.name = "dmesg -T", .first = "[Mon Nov 23 %c 2026] %t"},
	{.name = "dmesg -T, Chinese", .first = "[\u4e00 11\u6708 23 %c 2026] %t"},
	{.name = "dmesg -T, French", .first = "[lun. nov. 23 %c 2026] %t"},
	{.name = "dmesg -H", .first = "[  +0.%u] %t", .front = "[Nov23 10:00] Booted\n"},
	{.name = "dmesg -d", .first = "[%S <    0.000012>] %t"},
	{.name = "dmesg --time-format=delta", .first = "[<    0.000012>] %t"},
	{.name = "dmesg --time-format=iso", .first = "2026-11-23T%c,%u+00:00 %t"},
	{.name = "dmesg -x", .first = "kern  :warn  : [%S] %t"},
	{.name = "dmesg -x, iso", .first = "kern  :err   : 2026-11-23T%c,%u+01:00 %t"},
	{.name = "dmesg -J", .first = "         \"msg\": \"%j\""},
	{.name = "console", .first = "<%p>[%S] %t"},
	{.name = "syslog", .first = "Nov 23 %c host kernel: [%S] %t"},
	{.name = "syslog without stamps", .first = "Nov 23 %c host kernel: %t"},
	{.name = "rsyslog, ISO", .first = "2026-11-23T%c.123456+00:00 host kernel: [%S] %t"},
	{.name = "rsyslog, level", .first = "2026-11-23T%c+00:00 host kernel: warning: [%S] %t"},
	{.name = "RFC 5424", .first = "<%p>1 2026-11-23T%c.123Z host kernel - - - [%S] %t"},
	{.name = "RFC 5424, no priority",
	 .first = "1 2026-11-23T%c.123Z host kernel - - - [%S] %t"},
	{.name = "journal, short-full", .first = "Mon 2026-11-23 %c UTC host kernel: %t"},
	{.name = "journal, short-unix", .first = "1795430400.%u host kernel: %t"},
	{.name = "journal, short-monotonic", .first = "[%S] host kernel: %t"},
	{.name = "journal, short-delta", .first = "[%S <    0.000012 >] host kernel: %t"},
	{.name = "journal, json",
	 .first = "{\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"%m\",\"PRIORITY\":\"%p\"}"},
	{.name = "journal, json-sse",
	 .first = "data: {\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"%j\"}"},
	{.name = "journal, json-pretty", .first = "\t\"MESSAGE\" : \"%j\","},
	{.name = "journal, export", .first = "__CURSOR=s=1\nMESSAGE=%t\n"},
	{.name = "Docker", .first = "{\"log\":\"[%S] %j\\n\",\"stream\":\"stdout\"}"},
	{.name = "Fluentd",
	 .first = "2026-11-23T%c+00:00\tkernel\t{\"ident\":\"kernel\",\"message\":\"%j\"}"},
	{.name = "Google Cloud", .first = "{\"insertId\":\"x\",\"textPayload\":\"[%S] %j\"}"},
	{.name = "Google Cloud, YAML", .first = "jsonPayload:\n  MESSAGE: \"%j\""},
	{.name = "Loki", .first = "{\"labels\":{},\"line\":\"%j\"}"},
	{.name = "list of strings", .first = "        \"[%S] %j\","},
	{.name = "CSV", .first = "\"2026-11-23T%c\",\"Nov 23 %c host kernel: [%S] %t\""},
	{.name = "CRI", .first = "2026-11-23T%c.123456789Z stdout F [%S] %t"},
	{.name = "Talos", .first = "10.0.0.1: kern:    info: [2026-11-23T%c.123Z]: %t"},
	{.name = "Compose", .first = "klog_1  | [%S] %t"},
	{.name = "GitHub Actions", .first = "2026-11-23T%c.1234567Z [%S] %t"},
	{.name = "GitLab", .first = "2026-11-23T%c.123456Z 01O [%S] %t"},
	{.name = "vmware.log", .first = "2026-11-23T%c.127Z In(05) vcpu-5 - Guest: <6>[%S] %t"},
	{.name = "OpenWrt", .first = "Mon Nov 23 %c 2026 kern.warn kernel: [%S] %t"},
	{.name = "Android", .first = "11-23 %c.123     0     0 W kernel  : [%S] %t"},
	{.name = "Android, empty tag", .first = "11-23 %c.123   156   156 I         : %t"},
	{.name = "MediaTek", .first = "<%p>[%S] (0)[123:kswapd0]%t"},
	{.name = "Samsung", .first = "<%p>[%S] [0:        kswapd0:   68] %t"},
	{.name = "Qualcomm", .first = "[%S] c0    123 %t"},
	{.name = "netconsole", .first = "%p,%i,%s%u,-;%t"},
	{.name = "netconsole with release", .first = "6.12.0,%p,%i,%s%u,-;%t"},
	{.name = "grep -n", .first = "/var/log/kern.log:%i:Nov 23 %c host kernel: [%S] %t"},
	{.name = "grep -A", .first = "kern.log-Nov 23 %c host kernel: [%S] %t"},
	{.name = "grep -nA", .first = "%i-[%S] %t"},
	{.name = "unknown header", .first = "(XEN) Dom0 [%S] %t"},
	{.name = "quoted mail", .first = ">> > [%S] %t", .next = ">> > %t"},
	{.name = "Markdown, code", .first = "`Nov 23 %c host kernel: %t`"},
	{.name = "Markdown, table", .first = "| `[%S] %t` |"},
	{.name = "HTML", .first = "[%S] %t", .change = html},
	{.name = "HTML, paragraphs", .first = "<p>[%S] %t</p>", .next = "<p>[%S] %t</p>"},
	{.name = "BBCode", .first = "[%S] [COLOR=\"Red\"]%t[/COLOR]"},
	{.name = "colours", .first = "\033[32m[%S] \033[0m\033[31m%t"},
	{.name = "carriage returns", .first = "[%S] %t\r\r"},
	{.name = "80 columns", .first = "[%S] %t", .width = 80},
	{.name = "80 columns, syslog", .first = "Nov 23 %c host kernel: [%S] %t", .width = 80},
	{.name = "132 columns", .first = "[Mon Nov 23 %c 2026] %t", .width = 132},
	{.name = "quoted-printable", .first = "[%S] %t", .change = quoted_printable},
	{.name = "UTF-16", .first = "[%S] %t", .change = utf16},
	{.name = "one line", .first = "[%S] %t", .change = one_line},
};

static const char *const fixtures[] = {
	"kmsg-6.1-global.txt",	"kmsg-6.1-limit-lowered.txt", "kmsg-6.12-child.txt",
	"kmsg-6.12-global.txt", "kmsg-6.12-group.txt",	      "kmsg-6.12-own.txt",
};

START_TEST(events_are_the_same)
{
	const struct carrier plain = {.first = "[%S] %t"};

	for (size_t f = 0; f < ARRAY_SIZE(fixtures); f++) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, carried = STRBUF_INIT;
		_cleanup_strbuf_ struct strbuf expected = STRBUF_INIT, found = STRBUF_INIT;

		carry(&text, &plain, fixtures[f]);
		carry(&carried, &carriers[_i], fixtures[f]);
		events_of(&text, &expected);
		events_of(&carried, &found);
		ck_assert_uint_gt(expected.len, 400);
		ck_assert_msg(!strcmp(found.buf, expected.buf), "%s in %s:\n%.1200s", fixtures[f],
			      carriers[_i].name, found.buf);
	}
}
END_TEST

/* What other programs write about kills, in the same carriers, is no kill. */
static const char *const foreign[] = {
	"{\"_TRANSPORT\":\"stdout\",\"MESSAGE\":\"Out of memory: Killed process 7 (a) "
	"total-vm:4kB\"}",
	"{\"program\":\"kubelet\",\"message\":\"Out of memory: Killed process 7 (a) "
	"total-vm:4kB\"}",
	"Nov 23 10:00:00 host kubelet[12]: {\"msg\":\"Out of memory: Killed process 7 (a)\"}",
	"2026-11-23T10:00:00.1Z In(05) vcpu-5 - Guest: Out of memory: Killed process 7 (a) "
	"total-vm:4kB",
	"daemon: err: Out of memory: Killed process 7 (a) total-vm:4kB",
	"// postgres invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
	"when it invoked oom-killer: we saw",
	"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
	"memory: usage of the cgroup is high",
	"hog: page allocation failure: order:4\nMem-Info:\nactive_anon:1 inactive_anon:2\n1 pages "
	"RAM",
};

START_TEST(what_others_say_is_no_kill)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, found = STRBUF_INIT;

	strbuf_puts(&text, foreign[_i]);
	events_of(&text, &found);
	ck_assert_str_eq(found.buf, "");
}
END_TEST

/* Names and paths that look like what a carrier puts there. */
static const char *const names[] = {
	"[ 1.000001]", "[/CODE]x", "`sh`",     "| a |",	    "a=3Db",
	"&nbsp;b",     "</p>",	   "\\[x\\]",  "[32mred",   "\"[ 1.0\",",
	"{\"log\":1}", "c0 123 x", "(0)[1:a]", "kernel: x", "a\\",
};

START_TEST(hostile_names_stay_whole)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, found = STRBUF_INIT;

	strbuf_printf(&text,
		      "[    1.000000] Memory cgroup out of memory: Killed process 7 (%s) "
		      "total-vm:4kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB "
		      "oom_score_adj:0\n",
		      names[_i]);
	events_of(&text, &found);
	strbuf_clear(&text);
	strbuf_printf(&text, "killed %s 7 0 4096 0 0\n", names[_i]);
	ck_assert_msg(strstr(found.buf, text.buf), "%s: %s", names[_i], found.buf);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("carriers");

	tcase_add_loop_test(tc, events_are_the_same, 0, (int)ARRAY_SIZE(carriers));
	tcase_add_loop_test(tc, what_others_say_is_no_kill, 0, (int)ARRAY_SIZE(foreign));
	tcase_add_loop_test(tc, hostile_names_stay_whole, 0, (int)ARRAY_SIZE(names));
	return suite_run("oomlog_carriers", &tc, 1);
}
