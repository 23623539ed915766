/*
 * run_trace.h - what the arena trace says, into the record and beside it as trace.bin.
 */
#ifndef OOMLAB_RUN_TRACE_H
#define OOMLAB_RUN_TRACE_H

#include "capture/trace_ring.h"
#include "run.h"

/* One "arena" line an arena, losses, and the raw ring; in the guest the ring goes to its port. */
int run_write_trace(struct run *run, const struct trace_ring *ring, struct err *err);

/*
 * Turns the addresses a record holds into functions and lines: appends "site" lines to its file.
 * True when it did: the record is to be loaded again.
 */
bool run_write_sites(struct run *run, const struct record *record);

#endif
