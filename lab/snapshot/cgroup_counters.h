/*
 * cgroup_counters.h - reads memory.events and its kind: what the kernel counted in a cgroup so far.
 *
 * memory.events of cgroup v2 is hierarchical, memory.events.local is not
 * (Documentation/admin-guide/cgroup-v2.rst). v1 has failcnt and, in memory.oom_control, a line
 * "oom_kill N" (since 4.13). What a file does not have is ABSENT.
 */
#ifndef OOMLAB_SNAPSHOT_CGROUP_COUNTERS_H
#define OOMLAB_SNAPSHOT_CGROUP_COUNTERS_H

#include "launch/cgroup.h"
#include "record/record.h"

/*
 * level: index into cg->levels. local: of this cgroup alone, which v1 does not have. What cannot be
 * read is ABSENT.
 */
void cgroup_counters_read(const struct cg *cg, int level, bool local,
			  struct record_counters *counters);

#endif
