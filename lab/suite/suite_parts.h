/*
 * suite_parts.h - what the files of lab/suite share.
 */
#ifndef OOMLAB_SUITE_SUITE_PARTS_H
#define OOMLAB_SUITE_SUITE_PARTS_H

#include <jansson.h>

#include "suite/suite.h"

void suite_release_row(struct suite_row *row);

/*
 * What became of a run: reads the record in `folder` (NULL: it left none, and `error` says why) and
 * adds it to its row. The run is done then.
 */
void suite_take(struct suite *suite, struct suite_run *run, const char *folder, const char *error,
		double seconds);

/* Appends a line for a run that is done to the journal. 0, or -1 with err. */
int suite_journal_run(const struct suite *suite, const struct suite_run *run, struct err *err);

/* A run as a JSON object, for journal and forms: a new reference. */
json_t *suite_run_json(const struct suite *suite, const struct suite_run *run);

#endif
