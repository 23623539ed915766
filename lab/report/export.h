/*
 * export.h - a run in the formats of other tools; pure.
 *
 * touches.folded: collapsed stacks, "outermost;...;innermost BYTES" a line, for flame graphs.
 * trace-events.json: the timeline as Chrome's trace events, for Perfetto and chrome://tracing;
 * times are microseconds since the gate opened.
 */
#ifndef OOMLAB_REPORT_EXPORT_H
#define OOMLAB_REPORT_EXPORT_H

#include <jansson.h>

#include "base/strbuf.h"
#include "report/facts.h"

/* Adds nothing when there is no touch profile. */
void export_folded(const struct facts *facts, struct strbuf *out);

/* The caller owns the reference. */
json_t *export_trace_events(const struct facts *facts);

#endif
