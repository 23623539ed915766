#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/terminal.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/option_table.h"
#include "doc/emit.h"
#include "explain/explain_doc.h"
#include "explain/explain_input.h"
#include "explain/explain_json.h"
#include "explain/explain_table.h"
#include "explain/what_if_print.h"

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_MARKDOWN, FORMAT_BRIEF };

struct explain {
	enum format format;
	int64_t page_size;
	bool help, colour;
	int columns;
	const char *file; /* the log being read */
	struct explain_quality quality;
	struct others others; /* of all files; lines are those of the file they stand in */
	struct doc doc;	      /* of one event */
	struct strbuf page;   /* its text */
	struct explain_table table;
	struct strbuf held; /* text of events, in front of which their table is to stand */
	bool has_text;	    /* something was written */
	bool is_released;   /* no text is held any more: the table comes last */
	struct what_if_changes changes;
	bool is_what_if_judged; /* at least one event was */
};

/* Text is held back as long as it is no more than that, and the log does not pause. */
#define HELD_MAX (1 << 20)
#define PAUSE_MS 300

static int set_json(void *target, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	((struct explain *)target)->format = FORMAT_JSON;
	return 0;
}

static int set_markdown(void *target, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	((struct explain *)target)->format = FORMAT_MARKDOWN;
	return 0;
}

static int set_brief(void *target, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	((struct explain *)target)->format = FORMAT_BRIEF;
	return 0;
}

static int set_page_size(void *target, const char *value, struct err *err)
{
	uint64_t bytes;

	if (text_parse_size(value, &bytes) < 0 || bytes < 4096 || bytes > 262144 ||
	    (bytes & (bytes - 1)))
		return err_set(err, EXIT_USAGE, "--page-size '%s': not a page size (4K, 16K, 64K)",
			       value);
	((struct explain *)target)->page_size = (int64_t)bytes;
	return 0;
}

static int add_change(void *target, const char *value, struct err *err)
{
	return what_if_changes_add(&((struct explain *)target)->changes, value, err);
}

static const struct option_def options[] = {
	OPTION("json", NULL, "write JSON, schema oomlab.explain/1", set_json),
	OPTION("markdown", NULL, "write Markdown", set_markdown),
	OPTION("brief", NULL, "one line each: when, whose limit, who was killed", set_brief),
	OPTION("page-size", "SIZE",
	       "page size of the machine, where the log does not tell: 4K, 16K, 64K",
	       set_page_size),
	OPTION("what-if", "CHANGE",
	       "who would be chosen then, by the log's task table: 'adj NAME=N' (or a pid), "
	       "limit=SIZE, swap=SIZE, group=on|off, kill-allocating=on|off; repeatable, not with "
	       "--brief",
	       add_change),
	OPTION_COLOR,
	OPTION_HELP(struct explain),
};
const struct option_table explain_option_table = {options, ARRAY_SIZE(options)};

static int usage(void)
{
	fputs("usage: oomlab explain [OPTION]... [FILE]...\n"
	      "Explains every OOM kill in kernel logs; reads standard input without FILE or for "
	      "-.\n"
	      "Files that gzip has packed are unpacked.\n",
	      stdout);
	options_print(stdout, options, ARRAY_SIZE(options));
	return EXIT_OK;
}

/* "OOM 1: kern.log, lines 1-40: Cgroup /a reached its limit ..." */
static void emit_brief(const struct explain *explain, struct strbuf *out)
{
	emit_visible(out, explain->doc.blocks[0].text);
	strbuf_puts(out, explain->colour ? ": \033[1m" : ": ");
	emit_visible(out, doc_summary_text(&explain->doc));
	strbuf_puts(out, explain->colour ? "\033[0m\n" : "\n");
}

/* An event for people; the next is told when this one is written. what_if: NULL, not asked. */
static void print_event(struct explain *explain, const struct oomlog_event *event,
			const struct explanation *x, const struct what_if *what_if)
{
	struct explain_place place = {explain->file, explain->quality.events + 1};

	doc_clear(&explain->doc);
	strbuf_clear(&explain->page);
	if (explain->format == FORMAT_BRIEF) {
		explain_doc_head(&explain->doc, &place, event, x);
		emit_brief(explain, &explain->page);
	} else {
		explain_doc(&explain->doc, &place, event, x);
		if (what_if)
			what_if_doc(&explain->doc, what_if, &explain->changes);
		if (place.index > 1)
			strbuf_puts(&explain->page, explain->format == FORMAT_TEXT ? "\n\n" : "\n");
		if (explain->format == FORMAT_TEXT)
			emit_text(&explain->doc, explain->colour, explain->columns, &explain->page);
		else
			emit_markdown(&explain->doc, &explain->page);
	}
	if (explain->is_released || explain->format == FORMAT_BRIEF)
		fwrite(explain->page.buf, 1, explain->page.len, stdout);
	else
		strbuf_append(&explain->held, explain->page.buf, explain->page.len);
}

/* A document without a title. */
static void print_doc(struct explain *explain)
{
	size_t blank;

	strbuf_clear(&explain->page);
	if (explain->format == FORMAT_TEXT)
		emit_text(&explain->doc, explain->colour, explain->columns, &explain->page);
	else
		emit_markdown(&explain->doc, &explain->page);
	/* At the very beginning no blank line stands in front of a heading. */
	blank = explain->page.len && *explain->page.buf == '\n' && !explain->has_text;
	explain->has_text |= explain->page.len;
	fwrite(explain->page.buf + blank, 1, explain->page.len - blank, stdout);
}

/* The table of the events, where there is more than one. */
static void print_table(struct explain *explain)
{
	doc_clear(&explain->doc);
	explain_table_doc(&explain->table, &explain->doc);
	if (!explain->doc.count)
		return;
	print_doc(explain);
	if (explain->held.len)
		fputs(explain->format == FORMAT_TEXT ? "\n\n" : "\n", stdout);
}

/* Writes what is held: with the table in front if these are all events. */
static void release(struct explain *explain, bool all)
{
	if (explain->is_released)
		return;
	explain->is_released = true;
	if (all)
		print_table(explain);
	explain->has_text |= explain->held.len;
	fwrite(explain->held.buf, 1, explain->held.len, stdout);
	strbuf_release(&explain->held);
}

static void on_event(const struct oomlog_event *event, void *ctx)
{
	struct explain *explain = ctx;
	bool is_asked = explain->changes.text_count;
	struct explanation explanation;
	struct what_if what_if;

	explanation_make(&explanation, event);
	if (is_asked) {
		what_if_make(&what_if, &explain->changes, event, &explanation);
		explain->is_what_if_judged |= what_if.is_judged;
	}
	if (explain->format == FORMAT_JSON) {
		explain_json_event(stdout, event, &explanation, explain->file,
				   explain->quality.events,
				   is_asked ? what_if_json(&what_if, &explain->changes) : NULL);
	} else {
		print_event(explain, event, &explanation, is_asked ? &what_if : NULL);
		explain_table_add(&explain->table, event, &explanation);
	}
	if (is_asked)
		what_if_release(&what_if);
	explanation_release(&explanation);
	explain->quality.events++;
	explain->quality.notes += event->note_count;
}

static void on_other(const struct oomlog_other *other, void *ctx)
{
	struct explain *explain = ctx;

	others_add(&explain->others, other->killer, other->line);
}

static bool is_readable(int fd)
{
	return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, PAUSE_MS) != 0;
}

/* Events are shown before a read that may wait for more. */
static void flush(struct explain *explain, const struct explain_input *input)
{
	if (explain->held.len > HELD_MAX || (explain->held.len && !is_readable(input->fd)))
		release(explain, false);
	if (!ferror(stdout))
		fflush(stdout);
}

static int read_all(struct explain *explain, struct oomlog *log, struct explain_input *input,
		    struct err *err)
{
	static char buffer[1 << 18];
	ssize_t n;

	for (;;) {
		flush(explain, input);
		n = explain_input_read(input, buffer, sizeof(buffer), err);
		if (n <= 0)
			return (int)n;
		explain->quality.bytes += (uint64_t)n;
		oomlog_feed(log, buffer, (size_t)n);
	}
}

/* What stands before a place that cannot be read is explained. */
static int explain_file(struct explain *explain, const char *name, struct err *err)
{
	struct oomlog_options settings = {explain->page_size, on_event, explain, on_other};
	struct explain_input input;
	struct oomlog *log;
	int rc;

	if (explain_input_open(&input, name, err) < 0)
		return -1;
	explain->file = input.name;
	log = oomlog_new(&settings);
	rc = read_all(explain, log, &input, err);
	oomlog_end(log);
	explain->quality.lines += oomlog_line_count(log);
	oomlog_free(log);
	explain_input_close(&input);
	return rc;
}

/* What is said once, behind all events. */
static void print_end(struct explain *explain)
{
	bool was_held = !explain->is_released;

	if (!explain->quality.events)
		printf("No OOM kill in %" PRIu64 " line%s.\n", explain->quality.lines,
		       explain->quality.lines == 1 ? "" : "s");
	explain->has_text |= !explain->quality.events;
	if (explain->format == FORMAT_BRIEF)
		return;
	release(explain, true);
	if (!was_held) {
		fputs("\n", stdout);
		print_table(explain);
	}
	doc_clear(&explain->doc);
	others_doc(&explain->others, &explain->doc);
	print_doc(explain);
}

/* A name that stands in none of the tables is perhaps misspelled. */
static int report_unfound(const struct explain *explain)
{
	struct err err = ERR_INIT;
	int status = EXIT_OK;

	for (size_t i = 0; explain->is_what_if_judged && i < explain->changes.adj_count; i++) {
		const struct what_if_adj *adj = &explain->changes.adjs[i];

		if (adj->is_found)
			continue;
		err_set(&err, EXIT_FAILED, "--what-if: no task table here lists a process '%s'",
			adj->name);
		err_print(&err);
		status = EXIT_FAILED;
	}
	return status;
}

int cmd_explain(int argc, char **argv)
{
	static char out[1 << 16];
	struct explain explain = {.columns = terminal_columns(stdout),
				  .page = STRBUF_INIT,
				  .held = STRBUF_INIT,
				  .changes = WHAT_IF_CHANGES_INIT};
	struct err err = ERR_INIT;
	int status = EXIT_OK;
	int first =
		options_parse("explain", options, ARRAY_SIZE(options), &explain, argc, argv, &err);

	if (first >= 0 && explain.format == FORMAT_BRIEF && explain.changes.text_count)
		first = err_set(&err, EXIT_USAGE,
				"--brief has no room for --what-if: give one of the two");
	if (first < 0) {
		err_print(&err);
		what_if_changes_release(&explain.changes);
		return err.status;
	}
	if (explain.help) {
		what_if_changes_release(&explain.changes);
		return usage();
	}
	explain.colour = terminal_has_colour(stdout);
	setvbuf(stdout, out, _IOFBF, sizeof(out));
	__fsetlocking(stdout, FSETLOCKING_BYCALLER); /* one thread, many small pieces */
	if (explain.format == FORMAT_JSON)
		explain_json_begin(stdout);
	if (first == argc && isatty(STDIN_FILENO))
		fputs("oomlab: reads the log from this terminal until ^D; or: dmesg | oomlab explain\n",
		      stderr);
	for (int i = first; i < argc || i == first; i++)
		if (explain_file(&explain, i < argc ? argv[i] : "-", &err) < 0) {
			err_print(&err);
			status = EXIT_FAILED;
		}
	if (explain.format == FORMAT_JSON)
		explain_json_end(stdout, &explain.quality, &explain.others);
	else if (explain.quality.events || status == EXIT_OK)
		print_end(&explain);
	if (status == EXIT_OK)
		status = report_unfound(&explain);
	what_if_changes_release(&explain.changes);
	strbuf_release(&explain.page);
	strbuf_release(&explain.held);
	explain_table_release(&explain.table);
	doc_release(&explain.doc);
	if (fflush(stdout) || ferror(stdout)) {
		err_errno(&err, EXIT_FAILED, "cannot write the explanation");
		err_print(&err);
		status = EXIT_FAILED;
	}
	return status;
}
