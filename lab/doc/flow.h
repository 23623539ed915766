/*
 * flow.h - words put down until a line is full: how plain text is wrapped. Internal to emit_text.c.
 *
 * Text is shown as emit_visible() shows it. Words of a paragraph come by any number of calls of
 * flow_text(); flow_end() ends its last line. A number and its unit stay on one line.
 */
#ifndef OOMLAB_DOC_FLOW_H
#define OOMLAB_DOC_FLOW_H

#include <stdbool.h>

#include "base/strbuf.h"

/* A paragraph in the making: words are put down until the line is full. */
struct flow {
	struct strbuf *out;
	bool colour;
	size_t width, column; /* column 0: nothing on the line yet */
	const char *prefix;   /* what each line starts with */
	const char *lead;     /* what the first starts with, as long as the prefix; NULL: that */
	struct strbuf *line;  /* what is put together before it flows */
};

/* Text as it is shown. */
struct visible {
	const char *at, *end;
	bool is_ascii; /* a byte is a column */
};

/* Borrows from text, or from sb where something had to be made visible. */
struct visible flow_visible(struct strbuf *sb, const char *text);
/* Columns that it takes. */
size_t flow_columns(const char *text, size_t len);
size_t flow_width(const struct visible *text);

/* Another paragraph on the same page. */
struct flow flow_on(const struct flow *like, const char *prefix);

/* style: an escape sequence, or "". */
void flow_text(struct flow *flow, const char *style, const char *text);
void flow_end(struct flow *flow);

/* For what is laid out by columns: text in a style, and blanks from one column to another. */
void flow_styled(const struct flow *flow, const char *style, const char *text, size_t len);
void flow_pad(const struct flow *flow, size_t from, size_t to);

#endif
