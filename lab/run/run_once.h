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
 * What oomlab ends with for a failure of its own: 125; 77 where this host cannot do it and the run
 * has a verdict. A plain command could end with any other status itself.
 */
int run_once_status(const struct run *run, const struct err *err);

/* True for a scenario and with --expect: the exit status is that of a verdict. */
bool run_is_judged(const struct run *run);

#endif
