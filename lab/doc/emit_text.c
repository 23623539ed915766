#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doc/emit.h"

#define MIN_COLUMNS 64
/* Of the first column that a table may fold at: numbers and words are narrower. */
#define FOLD_WIDTH  16
#define MAX_COLUMNS 100
#define INDENT	    2

#define BOLD	    "\033[1m"
#define DIM	    "\033[2m"
#define RED	    "\033[1;31m"
#define GREEN	    "\033[1;32m"
#define CYAN	    "\033[36m"
#define PLAIN	    ""

/* A paragraph in the making: words are put down until the line is full. */
struct flow {
	struct strbuf *out;
	bool colour;
	size_t width, column; /* column 0: nothing on the line yet */
	const char *prefix;   /* what each line starts with */
};

static size_t display_width(const char *text, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

static void styled(struct strbuf *out, bool colour, const char *style, const char *text, size_t len)
{
	bool on = colour && *style && len;

	if (on)
		strbuf_puts(out, style);
	strbuf_append(out, text, len);
	if (on)
		strbuf_puts(out, "\033[0m");
}

static void flow_word(struct flow *f, const char *style, const char *word, size_t len)
{
	size_t width = display_width(word, len);

	if (f->column && f->column + 1 + width > f->width) {
		strbuf_putc(f->out, '\n');
		f->column = 0;
	}
	if (f->column) {
		strbuf_putc(f->out, ' ');
		f->column++;
	} else {
		strbuf_puts(f->out, f->prefix);
		f->column = strlen(f->prefix);
	}
	styled(f->out, f->colour, style, word, len);
	f->column += width;
}

/* "64 MiB", "99.8 %": a number and its unit stay together. */
static size_t word_length(const char *text)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "bytes", "%",
					    "ms",  "us",  "s",	 "min", "kB"};
	size_t len = strcspn(text, " "), open = strspn(text, "("), unit;

	if (open == len || open + strspn(text + open, "0123456789.") != len || !text[len])
		return len;
	unit = strspn(text + len + 1, "KMGTiBbytesmunk%");
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i]) == unit && !strncmp(text + len + 1, units[i], unit))
			return len + 1 + strcspn(text + len + 1, " ");
	return len;
}

static void flow_text(struct flow *f, const char *style, const char *text)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	const char *p;

	emit_visible(&sb, text);
	for (p = sb.buf; *p;) {
		size_t len = word_length(p);

		if (len)
			flow_word(f, style, p, len);
		p += len + (p[len] == ' ');
	}
}

static void flow_end(struct flow *f)
{
	if (f->column)
		strbuf_putc(f->out, '\n');
	f->column = 0;
}

static void evidence(struct flow *f, const struct doc_block *block)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	if (!block->evidence_count)
		return;
	for (size_t i = 0; i < block->evidence_count; i++)
		strbuf_printf(&sb, "%s%s", i ? "; " : "[", block->evidence[i]);
	strbuf_putc(&sb, ']');
	flow_text(f, DIM, sb.buf);
}

static struct flow flow_on(const struct flow *like, const char *prefix)
{
	struct flow flow = *like;

	flow.prefix = prefix;
	flow.column = 0;
	return flow;
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

static void quote(struct flow *f, const struct doc_block *block)
{
	struct flow flow = flow_on(f, "  | ");

	flow_text(&flow, CYAN, block->text);
	evidence(&flow, block);
	flow_end(&flow);
}

static void pad(struct strbuf *out, size_t from, size_t to)
{
	for (; from < to; from++)
		strbuf_putc(out, ' ');
}

static void bar_line(struct flow *f, const struct doc_block *block, const struct doc_bar *bar,
		     size_t label_width)
{
	_cleanup_strbuf_ struct strbuf label = STRBUF_INIT;
	int64_t magnitude = bar->bytes < 0 ? -bar->bytes : bar->bytes;
	double share = block->total_bytes > 0 ? (double)bar->bytes / (double)block->total_bytes : 0;
	size_t used = INDENT + label_width + 24, cells;
	size_t room = used < f->width ? f->width - used : 0;
	char size[TEXT_SIZE_MAX + 1];

	emit_visible(&label, bar->label);
	snprintf(size, sizeof(size), "%s%s", bar->bytes < 0 ? "-" : "",
		 TEXT_SIZE((uint64_t)magnitude));
	strbuf_puts(f->out, "  ");
	strbuf_append(f->out, label.buf, label.len);
	pad(f->out, display_width(label.buf, label.len), label_width);
	strbuf_printf(f->out, " %11s %6.1f %%", size, share * 100);
	cells = share > 0 ? (size_t)(share * (double)room + 0.5) : 0;
	if (cells)
		strbuf_puts(f->out, "  ");
	if (f->colour && cells)
		strbuf_puts(f->out, CYAN);
	for (size_t i = 0; i < cells && i < room; i++)
		strbuf_putc(f->out, '#');
	if (f->colour && cells)
		strbuf_puts(f->out, "\033[0m");
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

static size_t cell_width(const char *cell)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	emit_visible(&sb, cell);
	return display_width(sb.buf, sb.len);
}

static size_t column_width(const struct doc_block *block, size_t column)
{
	size_t width = 0;

	for (size_t i = 0; i < block->row_count; i++)
		if (cell_width(block->rows[i][column]) > width)
			width = cell_width(block->rows[i][column]);
	return width;
}

static size_t table_width(const struct doc_block *block)
{
	size_t width = 1;

	for (size_t j = 0; block->row_count && block->rows[0][j]; j++)
		width += column_width(block, j) + 2;
	return width;
}

/* Where the first column that is no number begins, which a table too wide for its page folds at. */
static size_t fold_column(const struct doc_block *block)
{
	size_t at = 2;

	for (size_t j = 0; block->rows[0][j]; j++) {
		if (column_width(block, j) > FOLD_WIDTH)
			return at;
		at += column_width(block, j) + 2;
	}
	return at;
}

/* A cell below the ones before it, its words broken at the page's width. */
static void folded_cell(struct flow *f, const char *text, const char *style, size_t indent)
{
	size_t at = indent;

	for (const char *word = text + strspn(text, " "); *word;) {
		size_t n = strcspn(word, " "), width = display_width(word, n);

		if (at > indent && at + 1 + width > f->width) {
			strbuf_putc(f->out, '\n');
			pad(f->out, 0, indent + 2);
			at = indent + 2;
		} else if (at > indent) {
			strbuf_putc(f->out, ' ');
			at++;
		}
		styled(f->out, f->colour, style, word, n);
		at += width;
		word += n;
		word += strspn(word, " ");
	}
}

static void table_row(struct flow *f, const struct doc_block *block, size_t i, bool folds)
{
	size_t fold = fold_column(block), at = 2;
	bool folded = false;

	strbuf_putc(f->out, ' ');
	for (size_t j = 0; block->rows[i][j]; j++) {
		_cleanup_strbuf_ struct strbuf cell = STRBUF_INIT;
		size_t width = column_width(block, j);

		emit_visible(&cell, block->rows[i][j]);
		if (folded && !cell.len)
			continue;
		if (folds && at >= fold) {
			if (folded) {
				strbuf_putc(f->out, '\n');
				pad(f->out, 0, fold);
			} else {
				strbuf_putc(f->out, ' ');
			}
			folded_cell(f, cell.buf, i ? PLAIN : DIM, fold);
			folded = true;
			continue;
		}
		strbuf_putc(f->out, ' ');
		if (doc_is_amount_column(block, j))
			pad(f->out, cell_width(block->rows[i][j]), width);
		styled(f->out, f->colour, i ? PLAIN : DIM, cell.buf, cell.len);
		if (!doc_is_amount_column(block, j) && block->rows[i][j + 1])
			pad(f->out, cell_width(block->rows[i][j]), width);
		strbuf_putc(f->out, ' ');
		at += width + 2;
	}
	while (f->out->len && f->out->buf[f->out->len - 1] == ' ')
		f->out->buf[--f->out->len] = '\0';
	strbuf_putc(f->out, '\n');
}

static void table(struct flow *f, const struct doc_block *block)
{
	struct flow flow = flow_on(f, "  ");
	bool folds = table_width(block) > f->width;

	for (size_t i = 0; i < block->row_count; i++)
		table_row(f, block, i, folds);
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
		flow_text(f, PLAIN, block->text);
		evidence(f, block);
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
		break;
	}
}

void emit_text(const struct doc *doc, bool colour, int columns, struct strbuf *out)
{
	int width = columns < MIN_COLUMNS ? MIN_COLUMNS : columns;
	struct flow flow = {
		.out = out,
		.colour = colour,
		.width = (size_t)(width > MAX_COLUMNS ? MAX_COLUMNS : width),
		.prefix = "  ",
	};

	for (size_t i = 0; i < doc->count; i++)
		emit_block(&flow, &doc->blocks[i]);
	flow_end(&flow);
}
