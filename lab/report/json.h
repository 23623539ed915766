/*
 * json.h - report.json, schema "oomlab.report/1".
 *
 * Sizes are bytes, times ns on CLOCK_MONOTONIC of the kernel that ran it. Absent facts are absent,
 * never 0. The explanation is the document's sentences with their evidence, in reading order.
 */
#ifndef OOMLAB_REPORT_JSON_H
#define OOMLAB_REPORT_JSON_H

#include <jansson.h>

#include "doc/doc.h"
#include "report/facts.h"

/* The whole report; the caller owns the reference. */
json_t *report_to_json(const struct facts *facts, const struct doc *doc);

/*
 * "kills": an object for each victim. `relation` is "target", "child" (another process of the run),
 * "other", or "unknown" where it is not known whether it was of the run. `summary` and
 * `explanation` are what oomlab explain says of the event. The caller owns the reference.
 */
json_t *kills_to_json(const struct facts *facts);

/* "premortem": the snapshot just before the limit. pre: record->premortem is not NULL. */
json_t *premortem_to_json(const struct facts *facts);

/* "memory_files": files in memory when they were last read, the largest first; may be empty. */
json_t *memory_files_to_json(const struct facts *facts);

/* Adds touched_by[] to the members of "arenas", and "reservations" by who requested them. */
void json_put_mapped(json_t *report, const struct facts *facts);

#endif
