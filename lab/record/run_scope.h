/*
 * run_scope.h - whose limit was behind the kill of a run, and under which constraint; pure.
 *
 * Internal to lab/record: parts of the conclusion (verdict.h), drawn once it has its outcome,
 * victim and kills; the constraint once it has its scope.
 */
#ifndef OOMLAB_RECORD_RUN_SCOPE_H
#define OOMLAB_RECORD_RUN_SCOPE_H

#include "record/verdict.h"

enum scope run_scope_decide(const struct record *record, const struct conclusion *conclusion);
enum constraint run_scope_constraint(const struct record *record,
				     const struct conclusion *conclusion);

#endif
