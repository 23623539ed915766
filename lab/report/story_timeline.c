/* The chart of memory over time, with its marks. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/story.h"
#include "report/words.h"

static void add_series(const struct record *r, struct doc *doc, const char *name,
		       enum metric metric)
{
	struct doc_point *points = xcalloc(r->sample_count, sizeof(*points));
	size_t count = 0;

	for (size_t i = 0; i < r->sample_count; i++)
		if (is_known(r->samples[i].value[metric]))
			points[count++] =
				(struct doc_point){r->samples[i].t_ns, r->samples[i].value[metric]};
	if (count > 1)
		doc_series(doc, name, points, count);
	free(points);
}

void story_timeline(const struct facts *f, struct doc *doc)
{
	const struct record *r = f->record;

	if (r->sample_count < 2)
		return;
	doc_chart(doc, f->limit_bytes);
	add_series(r, doc, "memory.current", METRIC_CURRENT);
	add_series(r, doc, "anon", METRIC_ANON);
	add_series(r, doc, "file", METRIC_FILE);
	add_series(r, doc, "kernel", METRIC_KERNEL);
	if (is_known(r->gate_ns))
		doc_mark(doc, "gate", r->gate_ns);
	for (size_t i = 0; i < r->mark_count; i++) {
		_cleanup_free_ char *mark = words_mark(&r->marks[i]);

		doc_mark(doc, mark, r->marks[i].t_ns);
	}
	if (is_known(f->kill_ns))
		doc_mark(doc, "killed", f->kill_ns);
	doc_cite(doc, "samples 1-%zu", r->sample_count);
}
