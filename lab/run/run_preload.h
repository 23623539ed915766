/*
 * run_preload.h - what the preload library counted, into the record; and whether it can be used on a
 * command at all.
 */
#ifndef OOMLAB_RUN_RUN_PRELOAD_H
#define OOMLAB_RUN_RUN_PRELOAD_H

#include "run/run.h"
#include "trace/trace_sites.h"

/*
 * Finds the library and settles run->preload, when --preload is given: 0, or -1 with one line that
 * says why it would not reach the command.
 */
int run_preload_prepare(struct run *run, struct err *err);

/* How many small allocations are to be followed under the limit of this run. */
size_t run_preload_follow(const struct run *run);

/* One "reservation" line a site, one "range" line a range, losses and what they mean. */
void run_preload_write(struct run *run, const struct trace_sites *asked);

#endif
