#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "report/emit.h"

#define WIDTH  820.0
#define HEIGHT 300.0
#define LEFT   70.0
#define RIGHT  10.0
#define TOP    20.0
#define BOTTOM 60.0

/* What of time and bytes the picture shows. */
struct frame {
	int64_t t0, t1, max;
};

static const char *const colours[] = {"#3b6fb6", "#c2571a", "#4b8b3b", "#8250a8"};
#define COLOURS (sizeof(colours) / sizeof(colours[0]))

static struct frame frame_of(const struct doc_block *block)
{
	struct frame f = {INT64_MAX, INT64_MIN, block->total_bytes > 0 ? block->total_bytes : 1};

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
	return HEIGHT - BOTTOM - (double)bytes / (double)f->max * (HEIGHT - TOP - BOTTOM);
}

static void axes(const struct frame *f, const struct doc_block *block, struct strbuf *out)
{
	strbuf_printf(out,
		      "<path d=\"M%.0f %.0fV%.0fH%.0f\" fill=\"none\" stroke=\"#888\"/>\n"
		      "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n"
		      "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">0</text>\n"
		      "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n",
		      LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT, LEFT - 6, TOP + 4,
		      TEXT_SIZE((uint64_t)f->max), LEFT - 6, HEIGHT - BOTTOM + 4, WIDTH - RIGHT,
		      HEIGHT - BOTTOM + 16, TEXT_DURATION((uint64_t)(f->t1 - f->t0)));
	if (block->total_bytes <= 0)
		return;
	strbuf_printf(out,
		      "<path d=\"M%.0f %.1fH%.0f\" stroke=\"#b3261e\" stroke-dasharray=\"6 4\"/>\n"
		      "<text x=\"%.0f\" y=\"%.1f\">limit</text>\n",
		      LEFT, y_of(f, block->total_bytes), WIDTH - RIGHT, LEFT + 6,
		      y_of(f, block->total_bytes) - 4);
}

static void line(const struct frame *f, const struct doc_series *series, size_t index,
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
		      x, HEIGHT - 26, colour, x + 15, HEIGHT - 17);
	escape(out, series->name);
	strbuf_puts(out, "</text>\n");
}

static void mark(const struct frame *f, const struct doc_bar *m, size_t index,
		 chart_escape_fn *escape, struct strbuf *out)
{
	bool is_late = x_of(f, m->bytes) > WIDTH * 0.7;

	if (m->bytes < f->t0 || m->bytes > f->t1)
		return;
	strbuf_printf(out,
		      "<path d=\"M%.1f %.0fV%.0f\" stroke=\"#888\" stroke-dasharray=\"2 3\"/>\n"
		      "<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"%s\">",
		      x_of(f, m->bytes), TOP, HEIGHT - BOTTOM,
		      x_of(f, m->bytes) + (is_late ? -4 : 4), TOP + 28 + 14 * (double)(index % 6),
		      is_late ? "end" : "start");
	escape(out, m->label);
	strbuf_puts(out, "</text>\n");
}

void emit_chart(const struct doc_block *block, chart_escape_fn *escape, struct strbuf *out)
{
	struct frame f = frame_of(block);

	if (f.t1 <= f.t0)
		return;
	strbuf_printf(out,
		      "<h2>Memory over time</h2>\n<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		      "aria-label=\"memory over time\">\n",
		      WIDTH, HEIGHT);
	axes(&f, block, out);
	for (size_t i = 0; i < block->series_count; i++)
		line(&f, &block->series[i], i, escape, out);
	for (size_t i = 0; i < block->mark_count; i++)
		mark(&f, &block->marks[i], i, escape, out);
	strbuf_puts(out, "</svg>\n");
}
