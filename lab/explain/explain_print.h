/*
 * explain_print.h - OOM events for people: plain text for terminals, Markdown for trackers.
 *
 * Both walk one struct explanation in the order of its topics; names and paths in it are already
 * fit for printing. Text is wrapped at `columns`; a line reference stands in brackets behind the
 * sentence that rests on it.
 */
#ifndef OOMLAB_EXPLAIN_EXPLAIN_PRINT_H
#define OOMLAB_EXPLAIN_EXPLAIN_PRINT_H

#include <stdio.h>

#include "explain/explain.h"

struct explain_page {
	FILE *to;
	const char *file; /* name of the log, for headings */
	uint64_t index;	  /* of the event, counted from 1 */
	int columns;	  /* text only */
	bool colour;	  /* text only */
};

void explain_print_text(const struct explain_page *page, const struct oomlog_event *event,
			const struct explanation *x);
/* One line, however long. */
void explain_print_brief(const struct explain_page *page, const struct oomlog_event *event,
			 const struct explanation *x);
void explain_print_markdown(const struct explain_page *page, const struct oomlog_event *event,
			    const struct explanation *x);

#endif
