/*
 * run_preload.h - prepares --preload, and writes into the record what the preload library counted.
 */
#ifndef OOMLAB_RUN_RUN_PRELOAD_H
#define OOMLAB_RUN_RUN_PRELOAD_H

#include "run/run.h"
#include "trace/trace_sites.h"

/*
 * With --preload: finds the library and sets run->preload. 0, or -1 with the reason why the library
 * cannot be used or would not be loaded into the command.
 */
int run_preload_prepare(struct run *run, struct err *err);

/* How many small allocations the library is to follow at most, by the limit of this run. */
size_t run_preload_follow(const struct run *run);

/* Writes a "reservation" line per site, a "range" line per range, losses, and notes on these. */
void run_preload_write(struct run *run, const struct trace_sites *asked);

#endif
