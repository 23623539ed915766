#include "doc/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strbuf.h"

static struct doc_block *append(struct doc *doc, enum doc_kind kind)
{
	struct doc_block *block;

	doc->blocks = xrealloc(doc->blocks, doc->count + 1, sizeof(*doc->blocks));
	block = &doc->blocks[doc->count++];
	*block = (struct doc_block){.kind = kind};
	return block;
}

static struct doc_block *last(struct doc *doc)
{
	if (!doc->count)
		BUG("nothing to add to: the document is empty");
	return &doc->blocks[doc->count - 1];
}

static char *format(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
static char *format(const char *fmt, va_list ap)
{
	char *text;

	return vasprintf(&text, fmt, ap) < 0 ? xstrdup("") : text;
}

#define SET_TEXT(block, fmt)                      \
	do {                                      \
		va_list ap_;                      \
		va_start(ap_, fmt);               \
		(block)->text = format(fmt, ap_); \
		va_end(ap_);                      \
	} while (0)

void doc_title(struct doc *doc, const char *fmt, ...)
{
	SET_TEXT(append(doc, DOC_TITLE), fmt);
}

void doc_byline(struct doc *doc, const char *fmt, ...)
{
	SET_TEXT(append(doc, DOC_BYLINE), fmt);
}

void doc_summary(struct doc *doc, enum doc_tone tone, const char *fmt, ...)
{
	struct doc_block *block = append(doc, DOC_SUMMARY);

	block->tone = tone;
	SET_TEXT(block, fmt);
}

const char *doc_summary_text(const struct doc *doc)
{
	for (size_t i = 0; i < doc->count; i++)
		if (doc->blocks[i].kind == DOC_SUMMARY)
			return doc->blocks[i].text;
	return "";
}

void doc_heading(struct doc *doc, const char *fmt, ...)
{
	SET_TEXT(append(doc, DOC_HEADING), fmt);
}

void doc_sentence(struct doc *doc, const char *fmt, ...)
{
	SET_TEXT(append(doc, DOC_SENTENCE), fmt);
}

void doc_quote(struct doc *doc, const char *text)
{
	append(doc, DOC_QUOTE)->text = xstrdup(text);
}

void doc_cite(struct doc *doc, const char *fmt, ...)
{
	struct doc_block *block = last(doc);
	va_list ap;

	block->evidence =
		xrealloc(block->evidence, block->evidence_count + 1, sizeof(*block->evidence));
	va_start(ap, fmt);
	block->evidence[block->evidence_count++] = format(fmt, ap);
	va_end(ap);
}

void doc_table(struct doc *doc)
{
	append(doc, DOC_TABLE);
}

void doc_add_row(struct doc *doc, const char *const *cells)
{
	struct doc_block *block = last(doc);
	size_t count = 0;
	char **row;

	while (cells[count])
		count++;
	row = xcalloc(count + 1, sizeof(*row));
	for (size_t i = 0; i < count; i++)
		row[i] = xstrdup(cells[i]);
	block->rows = xrealloc(block->rows, block->row_count + 1, sizeof(*block->rows));
	block->rows[block->row_count++] = row;
}

static bool is_amount(const char *cell)
{
	static const char *const units[] = {"",	    " %",   " bytes", " KiB", " MiB",
					    " GiB", " TiB", " us",    " ms",  " s"};
	const char *end = cell + strspn(cell, "0123456789.-");

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i]))
			return true;
	return false;
}

bool doc_is_amount_column(const struct doc_block *table, size_t column)
{
	for (size_t i = 1; i < table->row_count; i++)
		if (!is_amount(table->rows[i][column]))
			return false;
	return table->row_count > 1;
}

void doc_bars(struct doc *doc, int64_t total_bytes, const char *caption)
{
	struct doc_block *block = append(doc, DOC_BARS);

	block->total_bytes = total_bytes;
	block->text = caption ? xstrdup(caption) : NULL;
}

static void add_bar(struct doc_bar **bars, size_t *count, const char *label, int64_t bytes)
{
	*bars = xrealloc(*bars, *count + 1, sizeof(**bars));
	(*bars)[(*count)++] = (struct doc_bar){.label = xstrdup(label), .bytes = bytes};
}

void doc_bar(struct doc *doc, const char *label, int64_t bytes)
{
	struct doc_block *block = last(doc);

	add_bar(&block->bars, &block->bar_count, label, bytes);
}

void doc_chart(struct doc *doc, int64_t limit_bytes)
{
	append(doc, DOC_CHART)->total_bytes = limit_bytes;
}

void doc_series(struct doc *doc, const char *name, const struct doc_point *points, size_t count)
{
	struct doc_block *block = last(doc);
	struct doc_series series = {.name = xstrdup(name), .count = count};

	series.points = xcalloc(count ? count : 1, sizeof(*points));
	if (count)
		memcpy(series.points, points, count * sizeof(*points));
	block->series = xrealloc(block->series, block->series_count + 1, sizeof(*block->series));
	block->series[block->series_count++] = series;
}

void doc_mark(struct doc *doc, const char *label, int64_t t_ns)
{
	struct doc_block *block = last(doc);

	add_bar(&block->marks, &block->mark_count, label, t_ns);
}

static void free_rows(struct doc_block *block)
{
	for (size_t i = 0; i < block->row_count; i++) {
		for (char **cell = block->rows[i]; *cell; cell++)
			free(*cell);
		free(block->rows[i]);
	}
	free(block->rows);
}

static void free_bars(struct doc_bar *bars, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(bars[i].label);
	free(bars);
}

static void free_series(struct doc_block *block)
{
	for (size_t i = 0; i < block->series_count; i++) {
		free(block->series[i].name);
		free(block->series[i].points);
	}
	free(block->series);
}

void doc_release(struct doc *doc)
{
	for (size_t i = 0; i < doc->count; i++) {
		struct doc_block *block = &doc->blocks[i];

		free(block->text);
		for (size_t j = 0; j < block->evidence_count; j++)
			free(block->evidence[j]);
		free(block->evidence);
		free_rows(block);
		free_bars(block->bars, block->bar_count);
		free_bars(block->marks, block->mark_count);
		free_series(block);
	}
	free(doc->blocks);
	*doc = (struct doc){0};
}
