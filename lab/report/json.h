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
 * Members of `kills`: one object a victim; `relation` says whether it was the "target", a "child"
 * or an "other" process that died by a limit the run is under. `summary` and `explanation` are
 * what oomlab explain says of the event. The caller owns the reference.
 */
json_t *kills_to_json(const struct facts *facts);

/* What was seen just before the limit; NULL: the record says nothing of it. */
json_t *premortem_to_json(const struct facts *facts);

/* Files in memory at the last look, the largest first; NULL: none was seen. */
json_t *memory_files_to_json(const struct facts *facts);

/* Who touched each arena, and reservations[]: address space by who asked for it. */
void json_put_mapped(json_t *report, const struct facts *facts);

#endif
