/*
 * run_once.h - one run of a prepared session: guardian, folder, record, the backend, the report.
 */
#ifndef OOMLAB_RUN_RUN_ONCE_H
#define OOMLAB_RUN_RUN_ONCE_H

#include "run/run.h"

/* Returns the exit status of `oomlab run`, or -1 where the lab failed before there was a record. */
int run_once(struct run *run, struct err *err);

/* Status 2 could be the command's own: the lab's failures of any kind are 125. */
int run_once_status(const struct err *err);

#endif
