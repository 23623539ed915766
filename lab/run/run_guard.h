/*
 * run_guard.h - the guardian (launch/guardian.h) of a run: begun before anything is made, ended
 * when all is cleared.
 */
#ifndef OOMLAB_RUN_RUN_GUARD_H
#define OOMLAB_RUN_RUN_GUARD_H

#include "run/run.h"

/* Starts it, where this run has none yet. 0 or -1: nothing may be started. */
int run_guard_begin(struct run *run, struct err *err);

/* Nothing of the run is left. */
void run_guard_end(struct run *run);

/* Of what a call of launch/guardian.h returned: 0, or -1 with the sentence. */
int run_guard_took(int r, struct err *err);

#endif
