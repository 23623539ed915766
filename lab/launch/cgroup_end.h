/*
 * cgroup_end.h - the end of a cgroup: everything in it killed, itself and what is below it removed.
 *
 * For the launcher and its guardian alike, so nothing here allocates. A cgroup is given as an open
 * directory; all below it counts, to a depth of CGROUP_DEPTH_MAX.
 *
 * Version 2 has cgroup.kill (Linux 5.14), which reaches whatever is forked meanwhile and processes
 * of other users. Elsewhere all is frozen, signalled, and thawed, so that nothing forks in between:
 * version 1 by a cgroup of the same name in the freezer hierarchy (freezer.h), where there is one.
 */
#ifndef OOMLAB_LAUNCH_CGROUP_END_H
#define OOMLAB_LAUNCH_CGROUP_END_H

#include <stdint.h>

enum { CGROUP_DEPTH_MAX = 64 };

/* Number of processes inside; 0 when it is gone. Zombies do not count. */
int cgroup_count(int dirfd);

/*
 * SIGKILL to everything inside, again until nobody is left or `patience_ns` have passed. freezer:
 * its directory there, or -1; who is in that one alone, having left the other, is killed, too.
 * Nothing is reaped. 0, or -ETIMEDOUT.
 */
int cgroup_kill(int dirfd, int freezer, int64_t patience_ns);

/*
 * Removes the empty cgroup `name` of `parent`, and those below it. One whose last process is still
 * on its way out is busy for a moment: tried again for `patience_ns`. 0 (also when there is none),
 * or -errno.
 */
int cgroup_remove(int parent, const char *name, int64_t patience_ns);

#endif
