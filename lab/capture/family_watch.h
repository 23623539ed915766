/*
 * family_watch.h - the state of the source "processes": family_watch.c has it, and its test, which
 * says what would have to happen by chance.
 */
#ifndef OOMLAB_CAPTURE_FAMILY_WATCH_H
#define OOMLAB_CAPTURE_FAMILY_WATCH_H

#include "capture/family.h"
#include "profile/perf_ring.h"

struct family_watch {
	struct family table;
	size_t next; /* place of the table that is looked at next */
	struct perf_rings rings;
	bool knows_forks; /* by the rings; else by looking at cgroup.procs now and then */
	int64_t lost;
};

#endif
