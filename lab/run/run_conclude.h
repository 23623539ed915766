/*
 * run_conclude.h - after a run: judges its record, writes the report and prints it.
 */
#ifndef OOMLAB_RUN_RUN_CONCLUDE_H
#define OOMLAB_RUN_RUN_CONCLUDE_H

#include "run/run.h"

/*
 * is_told: standard error says already why there is no result. Returns the exit status for the
 * record, or -1 with err where no report could be written; the record stays in its folder then.
 */
int run_conclude(struct run *run, bool is_told, struct err *err);

#endif
