/*
 * story_explained.h - how much of what was charged the touch profile accounts for. Internal to
 * lab/report. Units: bytes.
 */
#ifndef OOMLAB_REPORT_STORY_EXPLAINED_H
#define OOMLAB_REPORT_STORY_EXPLAINED_H

#include "doc/doc.h"
#include "report/facts.h"
#include "report/touches.h"

/* Below 1 MiB, or a hundredth of the limit, a table would tell of libraries and start-up alone. */
bool explained_is_worth_telling(const struct facts *facts, int64_t bytes);
/* Of files, below a tenth of what was charged as well. */
bool explained_has_table(const struct facts *facts, int64_t bytes, bool is_of_files);
/* All that was charged, where the tables account for less than half of it; else 0. */
int64_t explained_minor_part_of(const struct facts *facts, const struct touches *touches);
/* When that was: "at the kill". */
const char *explained_when(const struct facts *facts);
/* Whether there is any. */
bool explained_has_tables(const struct facts *facts, const struct touches *touches);

/* Goes on with the tables: the share of the charge that they account for, and what is missing. */
void explained_say(const struct facts *facts, const struct touches *touches, struct doc *doc);

/* In place of the tables, where these are not worth telling. */
void explained_say_little(const struct facts *facts, const struct touches *touches,
			  struct doc *doc);

#endif
