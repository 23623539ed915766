/*
 * run_frames.h - finds functions and lines for all stacks in a record: those of the touch profile,
 * of allocation sites, of threads and mappings in the snapshot.
 */
#ifndef OOMLAB_RUN_RUN_FRAMES_H
#define OOMLAB_RUN_RUN_FRAMES_H

#include "run/run_symbols.h"

/* Writes a "frame" line per different frame, inlined ones included; reads the programs' files. */
void run_frames_write(struct run_symbols_steps *steps, const struct record *record);

#endif
