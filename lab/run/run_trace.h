/*
 * run_trace.h - what the arena trace says, into the record and beside it as trace.bin.
 */
#ifndef OOMLAB_RUN_RUN_TRACE_H
#define OOMLAB_RUN_RUN_TRACE_H

#include "run/run.h"
#include "trace/trace_ring.h"

/* One "arena" line an arena, losses, and the raw ring; in the guest the ring goes to its port. */
int run_write_trace(struct run *run, const struct trace_ring *ring, struct err *err);

/*
 * Turns the addresses that this run's record holds so far into functions and lines: appends "site"
 * and "frame" lines to it. 0, or -1 when it cannot be read.
 */
int run_write_sites(struct run *run, struct err *err);

#endif
