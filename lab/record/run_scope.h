/*
 * run_scope.h - the scope and the constraint of a run's kill: whose memory ran out; pure.
 *
 * Internal to lab/record: verdict.c calls both, in this order. pre: the conclusion has its outcome,
 * victim and kills, and for the constraint its scope.
 */
#ifndef OOMLAB_RECORD_RUN_SCOPE_H
#define OOMLAB_RECORD_RUN_SCOPE_H

#include "record/verdict.h"

enum scope run_scope_decide(const struct record *record, const struct conclusion *conclusion);
enum constraint run_scope_constraint(const struct record *record,
				     const struct conclusion *conclusion);

#endif
