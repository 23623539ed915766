/*
 * cgroup_foreign.h - whether a cgroup is the one that an engine made for a container.
 *
 * The lab kills all that is in it when the time is over, as root where it is run so: it must be
 * the container's, and neither the lab's own nor one above the lab's own. Engines put a container's
 * id, 64 hexadecimal digits, into the name of its cgroup, whatever their driver:
 *	/docker/ID   /system.slice/docker-ID.scope   /machine.slice/libpod-ID.scope/container
 * The id is no secret. So who made the cgroup counts, too: a name can be given by who owns the
 * folder above it, which is root, or this user's where the engine is this user's.
 */
#ifndef OOMLAB_LAUNCH_CONTAINER_CGROUP_FOREIGN_H
#define OOMLAB_LAUNCH_CONTAINER_CGROUP_FOREIGN_H

#include <stdbool.h>

#include "launch/cgroup.h"

/* The last part of a path of /proc/PID/cgroup has the id in it; one of fewer than 12 digits is
 * none. */
bool cg_is_named_for(const char *path, const char *id);

/*
 * Process `pid` is in the container `id` and `cg`, of cg_open_of(), is where. own: of
 * cg_open_own(), with no level where the lab's own cgroup cannot be seen. 0, or -1 with the reason.
 */
int cg_check_container(const struct cg *cg, const struct cg *own, pid_t pid, const char *id,
		       struct err *err);

#endif
