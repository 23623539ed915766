/*
 * run_twin.h - runs the scenario's twin on this machine and puts its result into the record.
 */
#ifndef OOMLAB_RUN_RUN_TWIN_H
#define OOMLAB_RUN_RUN_TWIN_H

#include "run/run.h"

/*
 * Runs the twin of run->spec on the same backend (a run with its own folder below the same reports)
 * and puts its outcome and peak (bytes) into the record. Does nothing where the spec has no twin; a
 * twin that could not be run leaves no line.
 */
void run_twin(struct run *run);

#endif
