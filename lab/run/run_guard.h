/*
 * run_guard.h - the guardian (launch/guardian.h) of a run: it starts before anything is made, and
 * ends when all is removed.
 */
#ifndef OOMLAB_RUN_RUN_GUARD_H
#define OOMLAB_RUN_RUN_GUARD_H

#include "run/run.h"

/* Starts it, if this run has none yet. 0, or -1: nothing may be started then. */
int run_guard_begin(struct run *run, struct err *err);

/* Ends it, when nothing of the run is left; that of a kept guest stays. Safe twice. */
void run_guard_end(struct run *run);

/* r: what a function of launch/guardian.h returned. 0, or -1 with err when that was a failure. */
int run_guard_check(int r, struct err *err);

#endif
