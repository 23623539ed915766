/*
 * cgroup_foreign.h - checks that a cgroup is the one that an engine made for a container.
 *
 * At the timeout oomlab kills all that is inside, perhaps as root. So the cgroup must be the
 * container's, and neither oomlab's own nor an ancestor of that. Engines put a container's id, 64
 * hexadecimal digits, into the name of its cgroup, whatever their driver:
 *	/docker/ID   /system.slice/docker-ID.scope   /machine.slice/libpod-ID.scope/container
 * The id is no secret, so the owner of the directory above is checked as well, because he can make
 * a cgroup of that name. He must be root, or this user, as with an engine that this user runs.
 */
#ifndef OOMLAB_LAUNCH_CONTAINER_CGROUP_FOREIGN_H
#define OOMLAB_LAUNCH_CONTAINER_CGROUP_FOREIGN_H

#include <stdbool.h>

#include "launch/cgroup.h"

/*
 * Whether the last part of a path of /proc/PID/cgroup contains the id; false for an id of fewer than
 * 12 digits.
 */
bool cgroup_foreign_is_named_for(const char *path, const char *id);

/*
 * Checks that process `pid` is in the container `id`, and that `cg`, from cg_open_of(), is its
 * cgroup. own: from cg_open_own(); without levels where oomlab's own cgroup cannot be seen. 0, or
 * -1 with the reason.
 */
int cgroup_foreign_check(const struct cg *cg, const struct cg *own, pid_t pid, const char *id,
			 struct err *err);

#endif
