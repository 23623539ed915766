#include "oomlog/oomlog.h"

#include <stdlib.h>

#include "klog/joiner.h"
#include "klog/scan.h"
#include "klog/utf16.h"
#include "oomlog/assemble.h"

/*
 * Bytes kept to look back at when a trigger (klog/scan.h) comes: as long as a dump whose first
 * trigger is its last line.
 */
#define LOOK_BACK (1 << 18)
/* Lines outside of any event after which the parser goes back to scanning for a trigger. */
#define QUIET_LINES 256

struct oomlog {
	struct assembler assembler;
	struct joiner joiner;
	struct utf16 utf16;
	struct strbuf converted; /* the piece that was fed, as UTF-8 */
	struct strbuf partial;	 /* parsing: the beginning of a line whose end was not fed yet */
	struct strbuf window;	 /* scanning: text not yet dropped, from the beginning of a line */
	size_t scanned;		 /* bytes of the window known to hold no trigger */
	bool parsing;
	bool ends;    /* the rest is read to the end, triggers or not */
	bool dropped; /* text was dropped from the window, which began since the last parsing */
	uint64_t lines;
	uint64_t quiet_since; /* the last line at which an event was open */
};

struct oomlog *oomlog_new(const struct oomlog_options *options)
{
	struct oomlog *log = xcalloc(1, sizeof(*log));

	assembler_init(&log->assembler, options);
	joiner_init(&log->joiner, assembler_message, &log->assembler);
	log->partial = (struct strbuf)STRBUF_INIT;
	log->window = (struct strbuf)STRBUF_INIT;
	log->converted = (struct strbuf)STRBUF_INIT;
	return log;
}

void oomlog_free(struct oomlog *log)
{
	if (!log)
		return;
	assembler_release(&log->assembler);
	joiner_release(&log->joiner);
	strbuf_release(&log->partial);
	strbuf_release(&log->window);
	strbuf_release(&log->converted);
	free(log);
}

uint64_t oomlog_line_count(const struct oomlog *log)
{
	return log->lines;
}

static void take_line(struct oomlog *log, struct span line)
{
	joiner_line(&log->joiner, line, ++log->lines);
	if (log->assembler.open)
		log->quiet_since = log->lines;
}

/* Ends parsing after QUIET_LINES without an event. */
static void stop_when_quiet(struct oomlog *log)
{
	if (log->lines <= log->quiet_since + QUIET_LINES || log->ends)
		return;
	joiner_flush(&log->joiner);
	log->parsing = log->assembler.open;
}

/* Parses whole lines; returns the rest: the beginning of a line, or all text once parsing ended. */
static struct span parse_lines(struct oomlog *log, struct span text)
{
	while (log->parsing) {
		const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;

		if (!end)
			break;
		take_line(log, span_head(text, (size_t)(end - text.p)));
		text = span_skip(text, (size_t)(end - text.p) + 1);
		stop_when_quiet(log);
	}
	return text;
}

static void feed_parser(struct oomlog *log, struct span text)
{
	if (log->partial.len) {
		const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
		size_t n = end ? (size_t)(end - text.p) : text.n;

		if (log->partial.len < JOINER_TEXT_MAX * 64)
			strbuf_append(&log->partial, text.p, n);
		if (!end)
			return;
		take_line(log, (struct span){log->partial.buf, log->partial.len});
		strbuf_clear(&log->partial);
		text = span_skip(text, n + 1);
		stop_when_quiet(log);
	}
	text = parse_lines(log, text);
	strbuf_append(log->parsing ? &log->partial : &log->window, text.p, text.n);
}

/* Quiet lines are counted from the trigger, so that the cuts between pieces change nothing. */
static void start_parsing(struct oomlog *log, size_t trigger)
{
	struct strbuf text = log->window;

	log->window = (struct strbuf)STRBUF_INIT;
	log->scanned = 0;
	log->dropped = false;
	log->parsing = true;
	log->quiet_since = log->lines + scan_newlines((struct span){text.buf, trigger});
	feed_parser(log, (struct span){text.buf, text.len});
	strbuf_release(&text);
}

/* Drops whole lines from the front of the window, but keeps the last LOOK_BACK bytes. */
static void drop_window(struct oomlog *log)
{
	struct span text = {log->window.buf, log->window.len};

	if (text.n < 4 * LOOK_BACK)
		return;
	const char *newline = memrchr(text.p, '\n', text.n - LOOK_BACK);
	size_t drop = newline ? (size_t)(newline - text.p) + 1 : text.n - LOOK_BACK;
	log->lines += scan_newlines(span_head(text, drop));
	log->dropped = true;
	strbuf_consume(&log->window, drop);
	log->scanned = log->scanned > drop ? log->scanned - drop : 0;
}

/* Where in the window a trigger is, or SPAN_NONE. */
static size_t find_trigger(struct oomlog *log)
{
	size_t from = log->scanned > SCAN_OVERLAP ? log->scanned - SCAN_OVERLAP : 0;
	struct span fresh = {log->window.buf + from, log->window.len - from};

	size_t at = scan_trigger(fresh);

	log->scanned = log->window.len;
	return at == SPAN_NONE ? SPAN_NONE : from + at;
}

static void feed(struct oomlog *log, struct span text)
{
	while (text.n || (!log->parsing && log->scanned < log->window.len)) {
		size_t n = text.n < LOOK_BACK ? text.n : LOOK_BACK;

		if (log->parsing) {
			feed_parser(log, span_head(text, n));
		} else {
			strbuf_append(&log->window, text.p, n);
			size_t trigger = find_trigger(log);
			if (trigger != SPAN_NONE)
				start_parsing(log, trigger);
			else
				drop_window(log);
		}
		text = span_skip(text, n);
	}
}

void oomlog_feed(struct oomlog *log, const char *data, size_t len)
{
	feed(log, utf16_feed(&log->utf16, (struct span){data, len}, &log->converted));
}

void oomlog_end(struct oomlog *log)
{
	feed(log, utf16_end(&log->utf16));
	/* What is short is read to the end: a table alone has no trigger. */
	log->ends = !log->dropped;
	if (!log->parsing && log->ends && log->window.len)
		start_parsing(log, 0);
	if (!log->parsing) {
		struct span rest = {log->window.buf, log->window.len};

		log->lines += scan_newlines(rest) + (rest.n && rest.p[rest.n - 1] != '\n');
		strbuf_clear(&log->window);
	}
	if (log->partial.len) {
		take_line(log, (struct span){log->partial.buf, log->partial.len});
		strbuf_clear(&log->partial);
	}
	joiner_flush(&log->joiner);
	assembler_close(&log->assembler);
}
