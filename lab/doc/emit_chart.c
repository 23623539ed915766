#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doc/emit.h"

/* Lengths are in units of the viewBox; times in ns. */
#define WIDTH  820.0
#define PLOT   220.0 /* height of the curves alone */
#define LEFT   70.0
#define RIGHT  10.0
#define TOP    20.0 /* room for the word "limit" */
#define BOTTOM 60.0
/* Names of marks stand in rows above the curves, so that they hide nothing. */
#define ROW	   14.0
#define ROWS_MAX   8
#define CHARACTER  6.4 /* about the width of one, at 11 px */
#define LABEL_MAX  48
#define LABELS_MAX 64
#define NEAR	   1.5 /* marks as near as this share a line and a label */

/* The times and bytes that the picture shows, and the y of its upper and lower edge. */
struct frame {
	int64_t t0, t1, max;
	double top, bottom;
};

/* The words of the marks at one place, and the row they stand in; ROWS_MAX: no row had room. */
struct label {
	double x, left;
	size_t row;
	char text[LABEL_MAX + 1];
};

static const char *const colours[] = {"#3b6fb6", "#c2571a", "#4b8b3b", "#8250a8"};
#define COLOURS (sizeof(colours) / sizeof(colours[0]))

static struct frame frame_of(const struct doc_block *block)
{
	struct frame f = {INT64_MAX, INT64_MIN, block->total_bytes > 0 ? block->total_bytes : 1, 0,
			  0};

	for (size_t i = 0; i < block->series_count; i++)
		for (size_t j = 0; j < block->series[i].count; j++) {
			const struct doc_point *p = &block->series[i].points[j];

			f.t0 = p->t_ns < f.t0 ? p->t_ns : f.t0;
			f.t1 = p->t_ns > f.t1 ? p->t_ns : f.t1;
			f.max = p->bytes > f.max ? p->bytes : f.max;
		}
	return f;
}

static double x_of(const struct frame *f, int64_t t_ns)
{
	return LEFT + (double)(t_ns - f->t0) / (double)(f->t1 - f->t0) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct frame *f, int64_t bytes)
{
	return f->bottom - (double)bytes / (double)f->max * PLOT;
}

static void axes(const struct frame *f, const struct doc_block *block, struct strbuf *out)
{
	strbuf_printf(out,
		      "<path d=\"M%.0f %.0fV%.0fH%.0f\" fill=\"none\" stroke=\"#888\"/>\n"
		      "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n"
		      "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">0</text>\n"
		      "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n",
		      LEFT, f->top, f->bottom, WIDTH - RIGHT, LEFT - 6, f->top + 4,
		      TEXT_SIZE((uint64_t)f->max), LEFT - 6, f->bottom + 4, WIDTH - RIGHT,
		      f->bottom + 16, TEXT_DURATION((uint64_t)(f->t1 - f->t0)));
	if (block->total_bytes <= 0)
		return;
	strbuf_printf(out,
		      "<path d=\"M%.0f %.1fH%.0f\" stroke=\"#b3261e\" stroke-dasharray=\"6 4\"/>\n"
		      "<text x=\"%.0f\" y=\"%.1f\">limit</text>\n",
		      LEFT, y_of(f, block->total_bytes), WIDTH - RIGHT, LEFT + 6,
		      y_of(f, block->total_bytes) - 4);
}

static void curve(const struct frame *f, const struct doc_series *series, size_t index,
		  chart_escape_fn *escape, struct strbuf *out)
{
	const char *colour = colours[index % COLOURS];
	double x = LEFT + (double)index * 150;

	strbuf_printf(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" points=\"",
		      colour, index ? "1.6" : "4.5\" stroke-opacity=\".45");
	for (size_t i = 0; i < series->count; i++)
		strbuf_printf(out, "%s%.1f,%.1f", i ? " " : "", x_of(f, series->points[i].t_ns),
			      y_of(f, series->points[i].bytes));
	strbuf_printf(out,
		      "\"/>\n<rect x=\"%.0f\" y=\"%.0f\" width=\"10\" height=\"10\" fill=\"%s\"/>"
		      "<text x=\"%.0f\" y=\"%.0f\">",
		      x, f->bottom + 34, colour, x + 15, f->bottom + 43);
	escape(out, series->name);
	strbuf_puts(out, "</text>\n");
}

static int earlier_first(const void *va, const void *vb)
{
	const struct doc_mark *a = va, *b = vb;

	return (a->t_ns > b->t_ns) - (a->t_ns < b->t_ns);
}

static void add_words(struct label *label, const char *words)
{
	size_t len = strlen(label->text);

	snprintf(label->text + len, sizeof(label->text) - len, "%s%s", len ? ", " : "", words);
}

/* Puts a label right of its line, or left at the picture's edge, in the first row with room. */
static void place(struct label *label, double *row_ends)
{
	double width = (double)strlen(label->text) * CHARACTER;

	label->left = label->x + 4;
	if (label->left + width > WIDTH)
		label->left = label->x - 4 - width;
	for (label->row = 0; label->row < ROWS_MAX; label->row++)
		if (row_ends[label->row] < label->left)
			break;
	if (label->row < ROWS_MAX)
		row_ends[label->row] = (label->left < label->x ? label->x : label->left + width) +
				       CHARACTER * 2;
}

/* Makes labels of the marks in the order of time. Returns how many. */
static size_t lay_out(const struct frame *f, const struct doc_block *block, struct label *labels)
{
	struct doc_mark *marks = xcalloc(block->mark_count + 1, sizeof(*marks));
	double row_ends[ROWS_MAX] = {0};
	size_t count = 0;

	if (block->mark_count)
		memcpy(marks, block->marks, block->mark_count * sizeof(*marks));
	qsort(marks, block->mark_count, sizeof(*marks), earlier_first);
	for (size_t i = 0; i < block->mark_count; i++) {
		double x = x_of(f, marks[i].t_ns);

		if (marks[i].t_ns < f->t0 || marks[i].t_ns > f->t1)
			continue;
		if (!count || x - labels[count - 1].x > NEAR) {
			if (count == LABELS_MAX)
				break;
			labels[count++] = (struct label){.x = x};
		}
		add_words(&labels[count - 1], marks[i].label);
	}
	for (size_t i = 0; i < count; i++)
		place(&labels[i], row_ends);
	free(marks);
	return count;
}

static size_t rows_of(const struct label *labels, size_t count)
{
	size_t rows = 0;

	for (size_t i = 0; i < count; i++)
		if (labels[i].row < ROWS_MAX && labels[i].row >= rows)
			rows = labels[i].row + 1;
	return rows;
}

/* Draws all lines first, so that a word hides the line behind it and no line crosses a word. */
static void draw_marks(const struct frame *f, const struct label *labels, size_t count,
		       chart_escape_fn *escape, struct strbuf *out)
{
	for (size_t i = 0; i < count; i++)
		strbuf_printf(
			out,
			"<path d=\"M%.1f %.0fV%.0f\" stroke=\"#888\" stroke-dasharray=\"2 3\"/>\n",
			labels[i].x,
			labels[i].row < ROWS_MAX ? ROW * (double)labels[i].row + 4 : f->top,
			f->bottom);
	for (size_t i = 0; i < count; i++) {
		if (labels[i].row == ROWS_MAX)
			continue;
		strbuf_printf(out, "<text x=\"%.1f\" y=\"%.0f\"%s>",
			      labels[i].left < labels[i].x ? labels[i].x - 4 : labels[i].left,
			      ROW * (double)(labels[i].row + 1),
			      labels[i].left < labels[i].x ? " text-anchor=\"end\"" : "");
		escape(out, labels[i].text);
		strbuf_puts(out, "</text>\n");
	}
}

void emit_chart(const struct doc_block *block, chart_escape_fn *escape, struct strbuf *out)
{
	struct frame f = frame_of(block);
	struct label labels[LABELS_MAX];
	size_t count;

	if (f.t1 <= f.t0)
		return;
	count = lay_out(&f, block, labels);
	f.top = ROW * (double)rows_of(labels, count) + TOP;
	f.bottom = f.top + PLOT;
	strbuf_printf(
		out,
		"<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"memory over time\">\n",
		WIDTH, f.bottom + BOTTOM);
	axes(&f, block, out);
	for (size_t i = 0; i < block->series_count; i++)
		curve(&f, &block->series[i], i, escape, out);
	draw_marks(&f, labels, count, escape, out);
	strbuf_puts(out, "</svg>\n");
}
