/*
 * compare_detail.h - the sections of a comparison that few runs have: arenas, and what was requested.
 * Internal to lab/report.
 */
#ifndef OOMLAB_REPORT_COMPARE_DETAIL_H
#define OOMLAB_REPORT_COMPARE_DETAIL_H

#include "doc/doc.h"
#include "report/compare.h"

/* Arenas, matched by name; nothing where neither run has one. */
void compare_tell_arenas(const struct comparison *c, struct doc *doc);

/*
 * Calls that requested memory, by function, where the preload library counted both runs: those whose
 * calls or whose memory held at the end differ.
 */
void compare_tell_calls(const struct comparison *c, bool full, struct doc *doc);

#endif
