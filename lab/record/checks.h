/*
 * checks.h - compares what a spec expects with what was found, field by field; pure.
 *
 * Internal to lab/record. Both sides are kept as text, whether they agree or not. Sizes are
 * compared in bytes.
 */
#ifndef OOMLAB_RECORD_CHECKS_H
#define OOMLAB_RECORD_CHECKS_H

#include "record/verdict.h"

/* Fills checks[] of a conclusion whose outcome, victim and constraint are decided. */
void checks_make(const struct record *record, struct conclusion *conclusion);

#endif
