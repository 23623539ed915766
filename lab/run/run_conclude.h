/*
 * run_conclude.h - after a run: its record is judged, and the report written, shown and pointed at.
 */
#ifndef OOMLAB_RUN_RUN_CONCLUDE_H
#define OOMLAB_RUN_RUN_CONCLUDE_H

#include "run/run.h"

/*
 * is_told: the reason why there is no result stands on the standard error already. Returns the
 * exit status that the record comes to, or -1 where no report could be written; what the record
 * holds stays in its folder then, and err says so.
 */
int run_conclude(struct run *run, bool is_told, struct err *err);

#endif
