/*
 * run_once.h - one run of a prepared session: guardian, folder, record, the backend, the report.
 */
#ifndef OOMLAB_RUN_RUN_ONCE_H
#define OOMLAB_RUN_RUN_ONCE_H

#include "run/run.h"

/*
 * Returns the exit status of `oomlab run`, or -1 with err where oomlab failed before there was a
 * record or could not write the report.
 */
int run_once(struct run *run, struct err *err);

/*
 * The exit status for a failure of oomlab: EXIT_USAGE, which a command may end with, becomes 125.
 */
int run_once_status(const struct err *err);

#endif
