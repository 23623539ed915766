/*
 * family_watch.h - the state of the source "processes", which source.h declares the functions of.
 * Only family_watch.c uses it, and its test, which sets up states that are rare in a real run.
 */
#ifndef OOMLAB_CAPTURE_FAMILY_WATCH_H
#define OOMLAB_CAPTURE_FAMILY_WATCH_H

#include "capture/family.h"
#include "profile/perf_ring.h"

struct capture;

struct family_watch {
	struct family table;
	size_t next; /* index of the slot that family_tick() checks next, modulo the size */
	struct perf_rings rings;
	bool knows_forks; /* from the rings; false: cgroup.procs is read now and then */
	int64_t lost;	  /* records */
	bool is_unguarded_noted;
};

/*
 * The guardian is to end the process when oomlab is gone, as emptying the run's cgroup does not.
 * Where it cannot, the record has a note of it, once.
 */
void family_guard(struct capture *capture, pid_t pid);

#endif
