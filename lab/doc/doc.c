#include "doc/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strbuf.h"

#define MEMORY_BYTES 32768
#define ROOM_FIRST   4 /* elements that an array begins with; a power of two */

/* An arena: what a document points to is freed with it, and nothing before. */
struct doc_memory {
	struct doc_memory *next; /* the one that was filled before */
	size_t used, room;
	_Alignas(16) char data[];
};

static void *allocate(struct doc *doc, size_t bytes)
{
	struct doc_memory *memory = doc->memory;

	bytes = (bytes + 15) & ~(size_t)15;
	if (!memory || memory->room - memory->used < bytes) {
		size_t room = bytes > MEMORY_BYTES ? bytes : MEMORY_BYTES;

		memory = xrealloc(NULL, 1, sizeof(*memory) + room);
		*memory = (struct doc_memory){.next = doc->memory, .room = room};
		doc->memory = memory;
	}
	memory->used += bytes;
	return memory->data + memory->used - bytes;
}

static char *copy_text(struct doc *doc, const char *text)
{
	size_t bytes = strlen(text) + 1;

	return memcpy(allocate(doc, bytes), text, bytes);
}

/* Makes room for one more element: an array doubles when its length is a power of two. */
static void *grow(struct doc *doc, void *array, size_t count, size_t size)
{
	void *larger;

	if (count && (count < ROOM_FIRST || count & (count - 1)))
		return array;
	larger = allocate(doc, (count ? 2 * count : ROOM_FIRST) * size);
	return count ? memcpy(larger, array, count * size) : larger;
}

static struct doc_block *append(struct doc *doc, enum doc_kind kind)
{
	struct doc_block *block;

	doc->blocks = grow(doc, doc->blocks, doc->count, sizeof(*doc->blocks));
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

static char *format(struct doc *doc, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
static char *format(struct doc *doc, const char *fmt, va_list ap)
{
	_cleanup_free_ char *text = NULL;

	if (!strcmp(fmt, "%s")) /* the usual case, which printf is slow at */
		return copy_text(doc, va_arg(ap, const char *));
	return copy_text(doc, vasprintf(&text, fmt, ap) < 0 ? "" : text);
}

#define SET_TEXT(doc, block, fmt)                        \
	do {                                             \
		va_list ap_;                             \
		va_start(ap_, fmt);                      \
		(block)->text = format((doc), fmt, ap_); \
		va_end(ap_);                             \
	} while (0)

void doc_title(struct doc *doc, const char *fmt, ...)
{
	SET_TEXT(doc, append(doc, DOC_TITLE), fmt);
}

void doc_byline(struct doc *doc, const char *fmt, ...)
{
	SET_TEXT(doc, append(doc, DOC_BYLINE), fmt);
}

void doc_summary(struct doc *doc, enum doc_tone tone, const char *fmt, ...)
{
	struct doc_block *block = append(doc, DOC_SUMMARY);

	block->tone = tone;
	SET_TEXT(doc, block, fmt);
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
	SET_TEXT(doc, append(doc, DOC_HEADING), fmt);
}

void doc_sentence(struct doc *doc, const char *fmt, ...)
{
	SET_TEXT(doc, append(doc, DOC_SENTENCE), fmt);
}

void doc_item(struct doc *doc, const char *text)
{
	append(doc, DOC_ITEM)->text = copy_text(doc, text);
}

void doc_quote(struct doc *doc, const char *text)
{
	append(doc, DOC_QUOTE)->text = copy_text(doc, text);
}

void doc_cite(struct doc *doc, const char *fmt, ...)
{
	struct doc_block *block = last(doc);
	va_list ap;

	block->evidence =
		grow(doc, block->evidence, block->evidence_count, sizeof(*block->evidence));
	va_start(ap, fmt);
	block->evidence[block->evidence_count++] = format(doc, fmt, ap);
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
	row = allocate(doc, (count + 1) * sizeof(*row));
	for (size_t i = 0; i < count; i++)
		row[i] = copy_text(doc, cells[i]);
	row[count] = NULL;
	block->rows = grow(doc, block->rows, block->row_count, sizeof(*block->rows));
	block->rows[block->row_count++] = row;
}

static bool is_amount(const char *cell)
{
	static const char *const units[] = {"",	    " %",   " bytes", " KiB", " MiB",
					    " GiB", " TiB", " us",    " ms",  " s"};
	const char *end = cell + strspn(cell, "0123456789.-");

	if (*end && *end != ' ')
		return false;
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
	block->text = caption ? copy_text(doc, caption) : NULL;
}

void doc_bar(struct doc *doc, const char *label, int64_t bytes)
{
	struct doc_block *block = last(doc);

	block->bars = grow(doc, block->bars, block->bar_count, sizeof(*block->bars));
	block->bars[block->bar_count++] =
		(struct doc_bar){.label = copy_text(doc, label), .bytes = bytes};
}

void doc_chart(struct doc *doc, int64_t limit_bytes)
{
	append(doc, DOC_CHART)->total_bytes = limit_bytes;
}

void doc_sketch(struct doc *doc)
{
	last(doc)->is_sketched = true;
}

void doc_series(struct doc *doc, const char *name, const struct doc_point *points, size_t count)
{
	struct doc_block *block = last(doc);
	struct doc_series series = {.name = copy_text(doc, name), .count = count};

	series.points = allocate(doc, count * sizeof(*points));
	if (count)
		memcpy(series.points, points, count * sizeof(*points));
	block->series = grow(doc, block->series, block->series_count, sizeof(*block->series));
	block->series[block->series_count++] = series;
}

void doc_mark(struct doc *doc, const char *label, int64_t t_ns)
{
	struct doc_block *block = last(doc);

	block->marks = grow(doc, block->marks, block->mark_count, sizeof(*block->marks));
	block->marks[block->mark_count++] =
		(struct doc_mark){.label = copy_text(doc, label), .t_ns = t_ns};
}

void doc_clear(struct doc *doc)
{
	while (doc->memory && doc->memory->next) {
		struct doc_memory *next = doc->memory->next;

		free(doc->memory);
		doc->memory = next;
	}
	if (doc->memory)
		doc->memory->used = 0;
	doc->blocks = NULL;
	doc->count = 0;
}

void doc_release(struct doc *doc)
{
	doc_clear(doc);
	free(doc->memory);
	doc->memory = NULL;
}
