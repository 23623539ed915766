/*
 * explain_helpers.h - what tests of the explanation share: a log in, what people read out.
 */
#ifndef OOMLAB_TESTS_EXPLAIN_HELPERS_H
#define OOMLAB_TESTS_EXPLAIN_HELPERS_H

#include <stdio.h>

#include "base/strbuf.h"
#include "doc/emit.h"
#include "explain/explain_doc.h"
#include "explain/explain_json.h"

enum format { TEXT, MARKDOWN, JSON };

struct output {
	FILE *to;
	enum format format;
	uint64_t events;
};

static inline void render(const struct oomlog_event *event, void *ctx)
{
	struct output *out = ctx;
	struct explain_place place = {"kern.log", ++out->events};
	struct strbuf page = STRBUF_INIT;
	struct explanation x;
	struct doc doc = {0};

	explanation_make(&x, event);
	explain_doc(&doc, &place, event, &x);
	if (out->format == TEXT)
		emit_text(&doc, false, 80, &page);
	else if (out->format == MARKDOWN)
		emit_markdown(&doc, &page);
	else
		explain_json_event(out->to, event, &x, "kern.log", out->events - 1, NULL);
	fputs(page.buf, out->to);
	strbuf_release(&page);
	doc_release(&doc);
	explanation_release(&x);
}

/* The caller frees the text. */
static inline char *explained(const char *log, size_t len, enum format format)
{
	char *text = NULL;
	size_t size;
	struct output out = {open_memstream(&text, &size), format, 0};
	struct oomlog_options options = {0, render, &out, NULL};
	struct oomlog *parser = oomlog_new(&options);

	oomlog_feed(parser, log, len);
	oomlog_end(parser);
	oomlog_free(parser);
	fclose(out.to);
	return text;
}

/* Makes one blank of each run of blanks and newlines, as lines are broken anywhere. */
static inline void squeeze(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++)
		if (*in != '\n' && (*in != ' ' || (out > text && out[-1] != ' ')))
			*out++ = *in;
		else if (*in == '\n' && out > text && out[-1] != ' ')
			*out++ = ' ';
	*out = '\0';
}

#endif
