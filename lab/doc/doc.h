/*
 * doc.h - a report before it has a format: blocks of text, tables and bars in reading order.
 *
 * Not here: escaping, wrapping, colours; each emitter does its own (emit.h). Text in a document is
 * raw: task names, paths and kernel lines stand in it as they were found.
 *
 * Pattern of use: a block is appended by one call and stays the last until the next; doc_cite(),
 * doc_row() and doc_bar() add to the last block.
 *
 *	doc_heading(&doc, "Whose limit");
 *	doc_sentence(&doc, "The limit of %s is %s.", path, TEXT_SIZE(bytes));
 *	doc_cite(&doc, "memory.max %" PRIu64, bytes);
 *
 * Sizes are bytes. Out of memory ends the program (strbuf.h). The document owns all its strings.
 */
#ifndef OOMLAB_DOC_DOC_H
#define OOMLAB_DOC_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum doc_kind {
	DOC_TITLE,    /* text: the name of the run */
	DOC_BYLINE,   /* text: where and when, under the title */
	DOC_SUMMARY,  /* text: the one sentence a person reads first; tone */
	DOC_HEADING,  /* text */
	DOC_SENTENCE, /* text, evidence; those in a row are a paragraph */
	DOC_ITEM,     /* text, evidence; those in a row are a list */
	DOC_QUOTE,    /* text: a line as the kernel wrote it; evidence */
	DOC_TABLE,    /* rows of cells; the first row is the header */
	DOC_BARS,     /* bars over a common total; evidence */
	DOC_CHART,    /* memory over time; emitters of plain text leave it out */
};

enum doc_tone { DOC_NEUTRAL, DOC_GOOD, DOC_BAD };

struct doc_bar {
	char *label;
	int64_t bytes; /* may be negative: a correction */
};

struct doc_point {
	int64_t t_ns, bytes;
};

struct doc_series {
	char *name;
	struct doc_point *points;
	size_t count;
};

struct doc_block {
	enum doc_kind kind;
	enum doc_tone tone;
	char *text; /* bars, table: a caption or NULL */
	char **evidence;
	size_t evidence_count;
	char ***rows; /* NULL-terminated cells */
	size_t row_count;
	struct doc_bar *bars;
	size_t bar_count;
	int64_t total_bytes; /* bars: what 100 % is; chart: the limit, or INT64_MIN */
	struct doc_series *series;
	size_t series_count;
	struct doc_bar *marks; /* chart: label at t_ns = bytes */
	size_t mark_count;
};

struct doc_memory;

/* Zero-initialise. doc_release() frees it; doc_clear() empties it for the next one. */
struct doc {
	struct doc_block *blocks;
	size_t count;
	struct doc_memory *memory; /* all that the blocks point to */
};

#define DOC_PRINTF(n) __attribute__((format(printf, n, (n) + 1), nonnull(1, n)))

void doc_title(struct doc *doc, const char *fmt, ...) DOC_PRINTF(2);
void doc_byline(struct doc *doc, const char *fmt, ...) DOC_PRINTF(2);
void doc_summary(struct doc *doc, enum doc_tone tone, const char *fmt, ...) DOC_PRINTF(3);
void doc_heading(struct doc *doc, const char *fmt, ...) DOC_PRINTF(2);
void doc_sentence(struct doc *doc, const char *fmt, ...) DOC_PRINTF(2);
void doc_item(struct doc *doc, const char *text);
void doc_quote(struct doc *doc, const char *text);

/* Its first summary, or "". */
const char *doc_summary_text(const struct doc *doc);

/* Adds what the last block rests on: "kmsg 812", "trace 1-9". */
void doc_cite(struct doc *doc, const char *fmt, ...) DOC_PRINTF(2);

/* Begins a table; then one doc_row(doc, "a", "b") a row, as many cells as in the first. */
void doc_table(struct doc *doc);
#define doc_row(doc, ...) doc_add_row(doc, (const char *const[]){__VA_ARGS__, NULL})
void doc_add_row(struct doc *doc, const char *const *cells);
/* Below its heading the column holds amounts alone, which stand flush right: "0.7", "20 MiB", "-".
 */
bool doc_is_amount_column(const struct doc_block *table, size_t column);

/* A caption is the name of the total, or NULL. */
void doc_bars(struct doc *doc, int64_t total_bytes, const char *caption);
void doc_bar(struct doc *doc, const char *label, int64_t bytes);

void doc_chart(struct doc *doc, int64_t limit_bytes);
/* The points are copied. */
void doc_series(struct doc *doc, const char *name, const struct doc_point *points, size_t count);
void doc_mark(struct doc *doc, const char *label, int64_t t_ns);

void doc_clear(struct doc *doc);
void doc_release(struct doc *doc);

#endif
