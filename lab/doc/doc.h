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
	DOC_CHART,    /* memory over time; plain text has it where it is sketched */
};

enum doc_tone { DOC_NEUTRAL, DOC_GOOD, DOC_BAD };

struct doc_bar {
	char *label;
	int64_t bytes; /* may be negative: a correction */
};

/* A point of a chart; all times of a chart have the same origin. */
struct doc_point {
	int64_t t_ns, bytes;
};

struct doc_mark {
	char *label;
	int64_t t_ns;
};

struct doc_series {
	char *name;
	struct doc_point *points;
	size_t count;
};

struct doc_block {
	enum doc_kind kind;
	enum doc_tone tone;
	char *text; /* bars: the caption or NULL; table, chart: NULL */
	char **evidence;
	size_t evidence_count;
	char ***rows; /* each is a list of cells that ends in NULL */
	size_t row_count;
	struct doc_bar *bars;
	size_t bar_count;
	int64_t total_bytes; /* bars: what 100 % is; chart: the limit, or INT64_MIN: none */
	struct doc_series *series;
	size_t series_count;
	struct doc_mark *marks;
	size_t mark_count;
	bool is_sketched; /* chart: a line of blocks in plain text, too */
};

struct doc_memory;

/* Zero-initialise. doc_release() frees it; doc_clear() empties it and keeps some of its memory. */
struct doc {
	struct doc_block *blocks;
	size_t count;
	struct doc_memory *memory; /* holds the blocks and all that they point to */
};

#define DOC_PRINTF(n) __attribute__((format(printf, n, (n) + 1), nonnull(1, n)))

void doc_title(struct doc *doc, const char *fmt, ...) DOC_PRINTF(2);
void doc_byline(struct doc *doc, const char *fmt, ...) DOC_PRINTF(2);
void doc_summary(struct doc *doc, enum doc_tone tone, const char *fmt, ...) DOC_PRINTF(3);
void doc_heading(struct doc *doc, const char *fmt, ...) DOC_PRINTF(2);
void doc_sentence(struct doc *doc, const char *fmt, ...) DOC_PRINTF(2);
void doc_item(struct doc *doc, const char *text);
void doc_quote(struct doc *doc, const char *text);

/* The text of the first summary, or ""; the document's. */
const char *doc_summary_text(const struct doc *doc);

/* Adds evidence to the last block: "kmsg 812", "trace 1-9". */
void doc_cite(struct doc *doc, const char *fmt, ...) DOC_PRINTF(2);

/*
 * Tells evidence once: where the next sentence or table below the same heading rests on all that
 * one rests on, it is cited behind the later of the two alone. Call it when all is written, before
 * it is emitted; report.json has the evidence of each sentence.
 */
void doc_merge_evidence(struct doc *doc);

/* Begins a table; doc_row(doc, "a", "b") adds a row. All have as many cells as the first. */
void doc_table(struct doc *doc);
#define doc_row(doc, ...) doc_add_row(doc, (const char *const[]){__VA_ARGS__, NULL})
void doc_add_row(struct doc *doc, const char *const *cells);
/* True when all cells below the header are amounts ("0.7", "20 MiB", "-"), to be flush right. */
bool doc_is_amount_column(const struct doc_block *table, size_t column);

/* Begins bars; doc_bar() adds one. caption: the total's name, at most 13 bytes; NULL: no total. */
void doc_bars(struct doc *doc, int64_t total_bytes, const char *caption);
void doc_bar(struct doc *doc, const char *label, int64_t bytes);

/* Begins a chart; doc_series() adds a curve and copies its points, doc_mark() a vertical line. */
void doc_chart(struct doc *doc, int64_t limit_bytes);
/* Has plain text show the last chart, too, as a line of blocks for each series. */
void doc_sketch(struct doc *doc);
void doc_series(struct doc *doc, const char *name, const struct doc_point *points, size_t count);
void doc_mark(struct doc *doc, const char *label, int64_t t_ns);

void doc_clear(struct doc *doc);
void doc_release(struct doc *doc);

#endif
