/*
 * tail_calls.h - puts functions that left a stack by a tail call back into the stacks of a record.
 *
 * Internal to lab/record.
 */
#ifndef OOMLAB_RECORD_TAIL_CALLS_H
#define OOMLAB_RECORD_TAIL_CALLS_H

#include "record/record.h"

/*
 * Inserts the jumps of record->tail_calls between their frames, in the stacks of touches, mappings
 * and threads. The new texts live in record->lines. Once for a record that is loaded whole.
 */
void tail_calls_restore(struct record *record);

#endif
