/*
 * explain_json.h - OOM events as JSON, schema oomlab.explain/1, written event by event.
 *
 * Pattern of use: 1. explain_json_begin(); 2. explain_json_event() for each event;
 * 3. explain_json_end() with the whole document's quality and the other killers. event_text.h has the facts of an event.
 * Errors of writing are left to the caller: ferror(to).
 */
#ifndef OOMLAB_EXPLAIN_EXPLAIN_JSON_H
#define OOMLAB_EXPLAIN_EXPLAIN_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "explain/explain.h"
#include "explain/explain_others.h"

/* Counts over the whole log. */
struct explain_quality {
	uint64_t lines, bytes, events, notes;
};

void explain_json_begin(FILE *to);
/*
 * index counts from 0; file is the log's name, which the line numbers belong to. what_if becomes a
 * member of that name and is consumed; NULL: nothing was asked.
 */
void explain_json_event(FILE *to, const struct oomlog_event *event, const struct explanation *x,
			const char *file, uint64_t index, json_t *what_if);
/* A new array of line numbers, which the caller owns. */
json_t *explain_json_lines(const struct sentence *sentence);
void explain_json_end(FILE *to, const struct explain_quality *quality, const struct others *others);

#endif
