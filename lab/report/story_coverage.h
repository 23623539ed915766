/*
 * story_coverage.h - how much of the charged memory the tables of the touch profile account for.
 *
 * Internal to lab/report. Units: bytes.
 */
#ifndef OOMLAB_REPORT_STORY_COVERAGE_H
#define OOMLAB_REPORT_STORY_COVERAGE_H

#include "doc/doc.h"
#include "report/facts.h"
#include "report/touches.h"

/* False below 1 MiB or 1 % of the limit: a table would have only libraries and start-up. */
bool coverage_is_worth_telling(const struct facts *facts, int64_t bytes);
/* The same, and of files false below a tenth of the charge, too. */
bool coverage_has_table(const struct facts *facts, int64_t bytes, bool is_of_files);
/* The whole charge, if the tables account for less than half of it; else 0. */
int64_t coverage_minor_part_of(const struct facts *facts, const struct touches *touches);
/* The moment of that charge, for a sentence: "at the kill". */
const char *coverage_when(const struct facts *facts);
/* Whether there is any table. */
bool coverage_has_tables(const struct facts *facts, const struct touches *touches);

/* Says behind the tables which share of the charge they account for, and what is missing. */
void coverage_say(const struct facts *facts, const struct touches *touches, struct doc *doc);

/* Says in place of the tables how little they would have. */
void coverage_say_little(const struct facts *facts, const struct touches *touches, struct doc *doc);

#endif
