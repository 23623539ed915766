/*
 * cgroup_end.h - ends a cgroup: kills everything inside, then removes it with the cgroups below it.
 *
 * The launcher and its guardian both call this, so nothing here allocates. A cgroup is given as an
 * open directory and always includes the cgroups below it, to a depth of CGROUP_DEPTH_MAX.
 *
 * Version 2 has cgroup.kill (Linux 5.14), which also reaches what is forked meanwhile and processes
 * of other users. Elsewhere all processes are frozen, signalled, and thawed, so that nothing forks
 * in between. Version 1 freezes by a cgroup of the same name in the freezer hierarchy, where there
 * is one (the kernel's Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst).
 */
#ifndef OOMLAB_LAUNCH_CGROUP_END_H
#define OOMLAB_LAUNCH_CGROUP_END_H

#include <stdint.h>

enum { CGROUP_DEPTH_MAX = 64 };

/* Number of processes inside; 0 when the cgroup is gone. Zombies do not count. */
int cgroup_end_count(int dirfd);

/*
 * Sends SIGKILL to everything inside, again until nobody is left or `patience_ns` have passed.
 * freezer: the cgroup's directory in the v1 freezer hierarchy, or -1; a process that is only in
 * that one is killed as well. Reaps nothing. 0, or -ETIMEDOUT.
 */
int cgroup_end_kill(int dirfd, int freezer, int64_t patience_ns);

/*
 * Removes the empty cgroup `name` of `parent`, and those below it. Tries again for `patience_ns`,
 * because a cgroup stays busy for a moment after its last process was killed. 0 (also when there is
 * no such cgroup), or -errno.
 */
int cgroup_end_remove(int parent, const char *name, int64_t patience_ns);

#endif
