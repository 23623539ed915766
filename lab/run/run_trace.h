/*
 * run_trace.h - writes what the arena trace says into the record, the raw trace beside it as
 * trace.bin, and functions and lines for the addresses of the record.
 */
#ifndef OOMLAB_RUN_RUN_TRACE_H
#define OOMLAB_RUN_RUN_TRACE_H

#include "run/run.h"
#include "trace/trace_ring.h"

/*
 * Writes an "arena" line per arena, losses, what --preload counted, and the raw ring; in the guest
 * the ring goes to its port. 0 or -1.
 */
int run_trace_write(struct run *run, const struct trace_ring *ring, struct err *err);

/*
 * Resolves the addresses that the record has so far: appends "site" and "frame" lines to it. 0, or
 * -1 when the record cannot be read.
 */
int run_trace_write_sites(struct run *run, struct err *err);

#endif
