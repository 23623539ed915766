#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doc/emit.h"
#include "doc/flow.h"
#include "doc/sparkline.h"

#define MIN_COLUMNS 40
/* A table too wide for its page folds at the first column wider than this; figures are narrower. */
#define FOLD_WIDTH  16
#define MAX_COLUMNS 100
#define BAR_FIGURES \
	21 /* size and share; where a label leaves no room, they have a line of their own */
#define INDENT	     2
#define CHART_CELLS  60
#define CHART_MARGIN 8

#define BOLD	     "\033[1m"
#define DIM	     "\033[2m"
#define RED	     "\033[1;31m"
#define GREEN	     "\033[1;32m"
#define CYAN	     "\033[36m"
#define PLAIN	     ""

static void add_evidence(struct strbuf *line, const struct doc_block *block)
{
	for (size_t i = 0; i < block->evidence_count; i++) {
		strbuf_puts(line, i ? "; " : "[");
		strbuf_puts(line, block->evidence[i]);
	}
	strbuf_putc(line, ']');
}

static void evidence(struct flow *f, const struct doc_block *block)
{
	if (!block->evidence_count)
		return;
	strbuf_clear(f->line);
	add_evidence(f->line, block);
	flow_text(f, DIM, f->line->buf);
}

static void sentence(struct flow *f, const struct doc_block *block)
{
	if (f->colour || !block->evidence_count) {
		flow_text(f, PLAIN, block->text);
		evidence(f, block);
		return;
	}
	strbuf_clear(f->line);
	strbuf_puts(f->line, block->text);
	strbuf_putc(f->line, ' ');
	add_evidence(f->line, block);
	flow_text(f, PLAIN, f->line->buf);
}

static void heading(struct flow *f, const struct doc_block *block)
{
	struct flow flow = flow_on(f, "");

	strbuf_putc(f->out, '\n');
	flow_text(&flow, BOLD, block->text);
	evidence(&flow, block);
	flow_end(&flow);
}

static void title(struct flow *f, const struct doc_block *block)
{
	struct flow flow = flow_on(f, "");

	flow_text(&flow, BOLD, block->text);
	flow_end(&flow);
}

static void byline(struct flow *f, const struct doc_block *block)
{
	struct flow flow = flow_on(f, "");

	flow_text(&flow, DIM, block->text);
	flow_end(&flow);
}

static void summary(struct flow *f, const struct doc_block *block)
{
	static const char *const styles[] = {
		[DOC_NEUTRAL] = BOLD, [DOC_GOOD] = GREEN, [DOC_BAD] = RED};
	struct flow flow = flow_on(f, "  ");

	strbuf_putc(f->out, '\n');
	flow_text(&flow, styles[block->tone], block->text);
	evidence(&flow, block);
	flow_end(&flow);
}

static void item(struct flow *f, const struct doc_block *block)
{
	struct flow flow = flow_on(f, "    ");

	flow.lead = "  - ";
	sentence(&flow, block);
	flow_end(&flow);
}

static void quote(struct flow *f, const struct doc_block *block)
{
	struct flow flow = flow_on(f, "  | ");

	flow_text(&flow, CYAN, block->text);
	evidence(&flow, block);
	flow_end(&flow);
}

static void chart(struct flow *f, const struct doc_block *block)
{
	_cleanup_strbuf_ struct strbuf rows = STRBUF_INIT;
	const size_t room = f->width > CHART_MARGIN ? f->width - CHART_MARGIN : 0;

	if (!block->is_sketched)
		return;
	sparkline_rows(block, room < CHART_CELLS ? room : CHART_CELLS, &rows);
	for (const char *row = rows.buf; row && *row; row = strchr(row, '\n') + 1)
		strbuf_printf(f->out, "  %.*s\n", (int)strcspn(row, "\n"), row);
}

/* Writes value as "%.1f" does, rounding half to even, but faster; flush right in `columns`. */
static void put_tenths(struct flow *f, double value, size_t columns)
{
	long double tenths = (long double)(value < 0 ? -value : value) * 10; /* exact */
	char text[TEXT_NUMBER_MAX + 3], *end = text;
	uint64_t whole;

	if (tenths > 1e15L) {
		strbuf_printf(f->out, "%*.1f", (int)columns, value);
		return;
	}
	whole = (uint64_t)tenths;
	tenths -= (long double)whole;
	whole += tenths > 0.5L || (tenths == 0.5L && whole & 1);
	if (signbit(value))
		*end++ = '-';
	text_number(end, whole / 10);
	end += strlen(end);
	*end++ = '.';
	*end++ = (char)('0' + whole % 10);
	flow_pad(f, (size_t)(end - text), columns);
	strbuf_append(f->out, text, (size_t)(end - text));
}

static void put_hashes(struct flow *f, size_t cells)
{
	static const char hashes[MAX_COLUMNS + 1] =
		"####################################################################################################";

	if (!cells)
		return;
	strbuf_puts(f->out, "  ");
	flow_styled(f, CYAN, hashes, cells);
}

static void bar_line(struct flow *f, const struct doc_block *block, const struct doc_bar *bar,
		     size_t label_width)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	struct flow_piece label = flow_visible(&sb, bar->label);
	int64_t magnitude = bar->bytes < 0 ? -bar->bytes : bar->bytes;
	double share = block->total_bytes > 0 ? (double)bar->bytes / (double)block->total_bytes : 0;
	size_t used = INDENT + label_width + 24, cells;
	size_t room = used < f->width ? f->width - used : 0;
	const char *size = TEXT_SIZE((uint64_t)magnitude);

	strbuf_puts(f->out, "  ");
	strbuf_append(f->out, label.at, (size_t)(label.end - label.at));
	if (INDENT + label_width + BAR_FIGURES > f->width)
		strbuf_puts(f->out, "\n  ");
	else
		flow_pad(f, flow_width(&label), label_width);
	flow_pad(f, strlen(size) + (bar->bytes < 0), 12);
	strbuf_puts(f->out, bar->bytes < 0 ? "-" : "");
	strbuf_puts(f->out, size);
	strbuf_putc(f->out, ' ');
	put_tenths(f, share * 100, 6);
	strbuf_puts(f->out, " %");
	cells = share > 0 ? (size_t)(share * (double)room + 0.5) : 0;
	put_hashes(f, cells < room ? cells : room);
	strbuf_putc(f->out, '\n');
}

static void bars(struct flow *f, const struct doc_block *block)
{
	size_t label_width = 8;
	struct flow flow = flow_on(f, "  ");

	for (size_t i = 0; i < block->bar_count; i++)
		if (strlen(block->bars[i].label) > label_width)
			label_width = strlen(block->bars[i].label);
	for (size_t i = 0; i < block->bar_count; i++)
		bar_line(f, block, &block->bars[i], label_width);
	if (block->text) {
		struct doc_bar total = {.label = (char[16]){0}, .bytes = block->total_bytes};

		snprintf(total.label, 16, "= %s", block->text);
		bar_line(f, block, &total, label_width);
	}
	evidence(&flow, block);
	flow_end(&flow);
}

struct column {
	size_t width;
	bool is_amount;
};

struct columns {
	struct column *all;
	size_t count, width; /* of the table */
	size_t fold;	     /* where the first column wider than FOLD_WIDTH begins */
};

static struct column column_of(const struct doc_block *block, size_t j)
{
	struct column column = {.is_amount = doc_is_amount_column(block, j)};

	for (size_t i = 0; i < block->row_count; i++) {
		_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
		struct flow_piece cell = flow_visible(&sb, block->rows[i][j]);
		size_t width = flow_width(&cell);

		column.width = width > column.width ? width : column.width;
	}
	return column;
}

/* The caller frees `all`. */
static struct columns columns_of(const struct doc_block *block)
{
	struct columns c = {.width = 1, .fold = 2};
	bool folds = false;

	while (block->row_count && block->rows[0][c.count])
		c.count++;
	c.all = xcalloc(c.count, sizeof(*c.all));
	for (size_t j = 0; j < c.count; j++) {
		c.all[j] = column_of(block, j);
		c.width += c.all[j].width + 2;
		folds |= c.all[j].width > FOLD_WIDTH;
		c.fold += folds ? 0 : c.all[j].width + 2;
	}
	return c;
}

/* Writes the words of a cell from column `indent` on, wrapped at the page's width. */
static void folded_cell(struct flow *f, const char *text, const char *style, size_t indent)
{
	size_t at = indent;

	for (const char *word = text + strspn(text, " "); *word;) {
		size_t n = strcspn(word, " "), width = flow_columns(word, n);

		if (at > indent && at + 1 + width > f->width) {
			strbuf_putc(f->out, '\n');
			flow_pad(f, 0, indent + 2);
			at = indent + 2;
		} else if (at > indent) {
			strbuf_putc(f->out, ' ');
			at++;
		}
		flow_styled(f, style, word, n);
		at += width;
		word += n;
		word += strspn(word, " ");
	}
}

static void plain_cell(struct flow *f, const struct flow_piece *cell, const struct column *column,
		       bool is_head, bool is_last)
{
	size_t width = flow_width(cell);

	strbuf_putc(f->out, ' ');
	if (column->is_amount)
		flow_pad(f, width, column->width);
	flow_styled(f, is_head ? DIM : PLAIN, cell->at, (size_t)(cell->end - cell->at));
	if (!column->is_amount && !is_last)
		flow_pad(f, width, column->width);
	strbuf_putc(f->out, ' ');
}

static void table_row(struct flow *f, const struct columns *c, char *const *cells, bool is_head)
{
	bool folds = c->width > f->width, folded = false;
	size_t at = 2;

	strbuf_putc(f->out, ' ');
	for (size_t j = 0; j < c->count; j++) {
		_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
		struct flow_piece cell = flow_visible(&sb, cells[j]);

		if (folded && cell.at == cell.end)
			continue;
		if (!folds || at < c->fold) {
			plain_cell(f, &cell, &c->all[j], is_head, j + 1 == c->count);
			at += c->all[j].width + 2;
			continue;
		}
		strbuf_putc(f->out, folded ? '\n' : ' ');
		flow_pad(f, 0, folded ? c->fold : 0);
		folded_cell(f, cell.at, is_head ? DIM : PLAIN, c->fold);
		folded = true;
	}
	while (f->out->len && f->out->buf[f->out->len - 1] == ' ')
		f->out->buf[--f->out->len] = '\0';
	strbuf_putc(f->out, '\n');
}

static void table(struct flow *f, const struct doc_block *block)
{
	struct flow flow = flow_on(f, "  ");
	struct columns columns = columns_of(block);

	for (size_t i = 0; i < block->row_count; i++)
		table_row(f, &columns, block->rows[i], i == 0);
	free(columns.all);
	evidence(&flow, block);
	flow_end(&flow);
}

static void emit_block(struct flow *f, const struct doc_block *block)
{
	if (block->kind != DOC_SENTENCE)
		flow_end(f);
	switch (block->kind) {
	case DOC_TITLE:
		title(f, block);
		break;
	case DOC_BYLINE:
		byline(f, block);
		break;
	case DOC_SUMMARY:
		summary(f, block);
		break;
	case DOC_HEADING:
		heading(f, block);
		break;
	case DOC_SENTENCE:
		sentence(f, block);
		break;
	case DOC_ITEM:
		item(f, block);
		break;
	case DOC_QUOTE:
		quote(f, block);
		break;
	case DOC_TABLE:
		table(f, block);
		break;
	case DOC_BARS:
		bars(f, block);
		break;
	case DOC_CHART:
		chart(f, block);
		break;
	}
}

static bool is_figure(const struct doc_block *block)
{
	return block->kind == DOC_TABLE || block->kind == DOC_BARS;
}

void emit_text(const struct doc *doc, bool colour, int columns, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
	int width = columns < MIN_COLUMNS ? MIN_COLUMNS : columns;
	struct flow flow = {
		.out = out,
		.colour = colour,
		.width = (size_t)(width > MAX_COLUMNS ? MAX_COLUMNS : width),
		.prefix = "  ",
		.line = &line,
	};

	for (size_t i = 0; i < doc->count; i++) {
		if (i && doc->blocks[i - 1].kind == DOC_ITEM && is_figure(&doc->blocks[i]))
			strbuf_putc(out, '\n');
		emit_block(&flow, &doc->blocks[i]);
	}
	flow_end(&flow);
}
