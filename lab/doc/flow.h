/*
 * flow.h - wraps paragraphs of plain text. Internal to emit_text.c.
 *
 * The words of a paragraph come by any number of calls of flow_text(); flow_end() ends its last
 * line. Text is shown as emit_visible() shows it. A number and its unit stay on one line. Widths
 * are columns; each character of UTF-8 takes one.
 */
#ifndef OOMLAB_DOC_FLOW_H
#define OOMLAB_DOC_FLOW_H

#include <stdbool.h>

#include "base/strbuf.h"

/* A paragraph in the making. */
struct flow {
	struct strbuf *out;
	bool colour;	      /* write escape sequences of styles */
	size_t width, column; /* of the page; of the line so far, 0: nothing is on it */
	const char *prefix;   /* what each line starts with */
	const char *lead;     /* what the first line starts with, as long; NULL: the prefix */
	struct strbuf *line;  /* scratch of the caller */
};

/* A piece of text as it is shown. */
struct flow_piece {
	const char *at, *end;
	bool is_ascii; /* each byte is a column */
};

/* What emit_visible() makes of text; points into text, or into sb where something was replaced. */
struct flow_piece flow_visible(struct strbuf *sb, const char *text);
/* Columns that a text takes. */
size_t flow_columns(const char *text, size_t len);
size_t flow_width(const struct flow_piece *text);

/* Begins another paragraph on the same page. */
struct flow flow_on(const struct flow *like, const char *prefix);

/* Adds words; style: an escape sequence, or "". */
void flow_text(struct flow *flow, const char *style, const char *text);
void flow_end(struct flow *flow);

/* Write what is laid out by columns: text in a style, and blanks from one column to another. */
void flow_styled(const struct flow *flow, const char *style, const char *text, size_t len);
void flow_pad(const struct flow *flow, size_t from, size_t to);

#endif
