#include "report/report.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "doc/emit.h"
#include "report/export.h"
#include "report/json.h"
#include "report/story.h"

#define FILE_COLUMNS 96

static int write_file(const struct folder *dir, const char *name, const struct strbuf *text,
		      struct err *err)
{
	return folder_write(dir, name, text->buf, text->len, err);
}

/* Takes the reference. */
static int write_json(json_t *value, const struct folder *dir, const char *name, struct err *err)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	_cleanup_free_ char *text = json_dumps(value, JSON_INDENT(1));

	json_decref(value);
	if (!text)
		return err_set(err, EXIT_LAB_BROKEN, "cannot write '%s/%s': out of memory",
			       dir->path, name);
	strbuf_puts(&sb, text);
	strbuf_putc(&sb, '\n');
	return write_file(dir, name, &sb, err);
}

static int write_exports(const struct facts *facts, const struct folder *dir, struct err *err)
{
	_cleanup_strbuf_ struct strbuf folded = STRBUF_INIT;

	export_folded(facts, &folded);
	if (folded.len && write_file(dir, "touches.folded", &folded, err) < 0)
		return -1;
	return write_json(export_trace_events(facts), dir, "trace-events.json", err);
}

static void emit_plain_text(const struct doc *doc, struct strbuf *out)
{
	emit_text(doc, false, FILE_COLUMNS, out);
}

static const struct {
	const char *name;
	void (*emit)(const struct doc *doc, struct strbuf *out);
} formats[] = {
	{"report.txt", emit_plain_text},
	{"report.md", emit_markdown},
	{"report.html", emit_html},
};

int report_write_all(const struct record *record, const struct conclusion *conclusion,
		     const struct folder *dir, struct err *err)
{
	struct facts facts;
	struct doc doc = {0};
	int r;

	facts_gather(record, conclusion, &facts);
	story_tell(&facts, &doc);
	r = write_json(report_to_json(&facts, &doc), dir, "report.json", err);
	if (!r)
		r = write_exports(&facts, dir, err);
	doc_merge_evidence(&doc);
	for (size_t i = 0; !r && i < ARRAY_SIZE(formats); i++) {
		_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

		formats[i].emit(&doc, &sb);
		r = write_file(dir, formats[i].name, &sb, err);
	}
	doc_release(&doc);
	return r;
}

void report_print_terminal(FILE *out, const struct record *record,
			   const struct conclusion *conclusion, const struct report_style *style)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	struct facts facts;
	struct doc doc = {0};

	facts_gather(record, conclusion, &facts);
	(style->is_full ? story_tell : story_brief)(&facts, &doc);
	doc_merge_evidence(&doc);
	emit_text(&doc, style->colour, style->columns > 0 ? style->columns : FILE_COLUMNS, &sb);
	doc_release(&doc);
	fwrite(sb.buf, 1, sb.len, out);
}

void report_print_json(FILE *out, const struct record *record, const struct conclusion *conclusion)
{
	struct facts facts;
	struct doc doc = {0};
	json_t *report;

	facts_gather(record, conclusion, &facts);
	story_tell(&facts, &doc);
	report = report_to_json(&facts, &doc);
	json_dumpf(report, out, JSON_INDENT(1));
	fputc('\n', out);
	json_decref(report);
	doc_release(&doc);
}

char *report_summary(const struct record *record, const struct conclusion *conclusion)
{
	struct facts facts;
	struct doc doc = {0};
	char *summary;

	facts_gather(record, conclusion, &facts);
	story_tell(&facts, &doc);
	summary = xstrdup(doc_summary_text(&doc));
	doc_release(&doc);
	return summary;
}

char *report_outcome(const struct record *record, const struct conclusion *conclusion)
{
	struct facts facts;

	facts_gather(record, conclusion, &facts);
	return story_outcome(&facts);
}
