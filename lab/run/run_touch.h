/*
 * run_touch.h - the stacks of the touch profile get their functions and lines.
 */
#ifndef OOMLAB_RUN_RUN_TOUCH_H
#define OOMLAB_RUN_RUN_TOUCH_H

#include "run/run_symbols.h"

/* Writes a frame line for each frame in the stacks of the record; reads the programs' files. */
void run_write_frames(struct symbol_steps *steps, const struct record *record);

#endif
