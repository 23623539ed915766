/*
 * emit.h - a document as terminal text, Markdown or HTML: one emitter a format.
 *
 * Escaping lives here and nowhere else. Text of a document is hostile: in every format control
 * characters, bytes that are not UTF-8 and the characters that reorder text (bidi) come out as
 * visible \xNN or \u{NNNN}, and whatever the format gives a meaning is quoted. Pure; appends.
 */
#ifndef OOMLAB_DOC_EMIT_H
#define OOMLAB_DOC_EMIT_H

#include "base/strbuf.h"
#include "doc/doc.h"

/* columns: width to wrap at, clamped to 40..100. colour: ANSI escapes. */
void emit_text(const struct doc *doc, bool colour, int columns, struct strbuf *out);

/* GitHub Flavored Markdown (github.github.com/gfm); the chart is left out. */
void emit_markdown(const struct doc *doc, struct strbuf *out);

/*
 * One HTML file, no scripts, nothing fetched; the chart is inline SVG. pre: the document begins
 * with its title.
 */
void emit_html(const struct doc *doc, struct strbuf *out);

/* A chart as SVG, whose text `escape` quotes; nothing for one of no duration. For emit_html.c. */
typedef void chart_escape_fn(struct strbuf *out, const char *text);
void emit_chart(const struct doc_block *block, chart_escape_fn *escape, struct strbuf *out);

/* Appends text; what no format may carry is written out as said above. */
void emit_visible(struct strbuf *out, const char *text);

#endif
