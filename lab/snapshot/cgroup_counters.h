/*
 * cgroup_counters.h - what the kernel has counted in a cgroup so far.
 *
 * memory.events of cgroup v2 is hierarchical, memory.events.local is not
 * (Documentation/admin-guide/cgroup-v2.rst). v1 has failcnt and, in memory.oom_control, a line
 * "oom_kill N" (since 4.13). What a file does not have is ABSENT.
 */
#ifndef OOMLAB_SNAPSHOT_CGROUP_COUNTERS_H
#define OOMLAB_SNAPSHOT_CGROUP_COUNTERS_H

#include "launch/cgroup.h"
#include "record/record.h"

/* local: of this cgroup alone, which v1 does not tell. */
void cgroup_counters_read(const struct cg *cg, int level, bool local,
			  struct record_counters *counters);

#endif
