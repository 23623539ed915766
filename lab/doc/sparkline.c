#include "doc/sparkline.h"

#include <string.h>

#include "base/text.h"

enum { STEPS = 8 };

static const char *const blocks[STEPS + 1] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

/* What all series of a chart share. */
struct scale {
	int64_t from_ns, to_ns, top_bytes;
};

static struct scale scale_of(const struct doc_block *chart)
{
	struct scale s = {INT64_MAX, INT64_MIN, chart->total_bytes};

	for (size_t i = 0; i < chart->series_count; i++)
		for (size_t j = 0; j < chart->series[i].count; j++) {
			const struct doc_point *p = &chart->series[i].points[j];

			s.from_ns = p->t_ns < s.from_ns ? p->t_ns : s.from_ns;
			s.to_ns = p->t_ns > s.to_ns ? p->t_ns : s.to_ns;
			s.top_bytes = p->bytes > s.top_bytes ? p->bytes : s.top_bytes;
		}
	return s;
}

static size_t cell_of(const struct scale *s, int64_t t_ns, size_t cells)
{
	double part = s->to_ns > s->from_ns
			      ? (double)(t_ns - s->from_ns) / (double)(s->to_ns - s->from_ns)
			      : 0;
	size_t cell = (size_t)(part * (double)cells);

	return cell < cells ? cell : cells - 1;
}

/* Above zero it is at least the lowest block: something was there. */
static int step_of(const struct scale *s, int64_t bytes)
{
	int step = (int)((double)bytes / (double)s->top_bytes * STEPS + 0.5);

	if (bytes <= 0)
		return 0;
	return step < 1 ? 1 : step > STEPS ? STEPS : step;
}

/* Between two samples the older one holds; behind the last there is nothing. */
static void put_blocks(const struct doc_series *series, const struct scale *s, size_t cells,
		       struct strbuf *out)
{
	size_t next = 0, end = cell_of(s, series->points[series->count - 1].t_ns, cells);
	int64_t held = 0;

	for (size_t cell = 0; cell <= end; cell++) {
		int64_t highest = held;

		for (; next < series->count && cell_of(s, series->points[next].t_ns, cells) <= cell;
		     next++) {
			held = series->points[next].bytes;
			highest = held > highest ? held : highest;
		}
		strbuf_puts(out, blocks[step_of(s, highest)]);
	}
}

void sparkline_rows(const struct doc_block *chart, size_t cells, struct strbuf *out)
{
	struct scale s = scale_of(chart);

	if (s.top_bytes <= 0 || s.to_ns < s.from_ns || !cells)
		return;
	for (size_t i = 0; i < chart->series_count; i++) {
		if (!chart->series[i].count)
			continue;
		strbuf_printf(out, "%s  ", chart->series[i].name);
		put_blocks(&chart->series[i], &s, cells, out);
		strbuf_putc(out, '\n');
	}
	strbuf_printf(out, "a full block: %s; the longer one: %s\n",
		      TEXT_SIZE((uint64_t)s.top_bytes),
		      TEXT_DURATION((uint64_t)(s.to_ns - s.from_ns)));
}
