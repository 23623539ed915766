/*
 * checks.h - compares what a spec expects with what was found, field by field; pure.
 *
 * Both sides are kept as text, whether they agree or not. Sizes are
 * compared in bytes.
 */
#ifndef OOMLAB_RECORD_CHECKS_H
#define OOMLAB_RECORD_CHECKS_H

#include "record/verdict.h"

/* Fills checks[] of a conclusion whose outcome, victim and constraint are decided. */
void checks_make(const struct record *record, struct conclusion *conclusion);

/*
 * What to do about a comparison whose outcome is not known, "give --preload, ..."; NULL: nothing is
 * known to help. Static.
 */
const char *checks_hint(const struct record *record, const struct conclusion *conclusion);

#endif
