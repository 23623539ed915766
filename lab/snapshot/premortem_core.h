/*
 * premortem_core.h - a core file by gdb's gcore; private to lab/capture.
 *
 * gdb cannot attach to what the cgroup freezer holds: it waits for a SIGSTOP that a frozen thread
 * does not take. So processes are sent a SIGSTOP while they are frozen and thawed then: they stop
 * before their next instruction. Pattern of use: stop_all(), thaw, premortem_core(), go_on().
 *
 * Bounded: PREMORTEM_CORE_MAX bytes, half of what the disk has left, PREMORTEM_CORE_SECONDS.
 * Memory that was never touched is read by gdb as zeroes and counts, too.
 */
#ifndef OOMLAB_SNAPSHOT_PREMORTEM_CORE_H
#define OOMLAB_SNAPSHOT_PREMORTEM_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/folder.h"

#define PREMORTEM_CORE_MAX (INT64_C(4) << 30)
enum { PREMORTEM_CORE_SECONDS = 120 };

struct stopped {
	pid_t *pids;
	size_t count;
};

/* Stops the processes of a cgroup, but for those that are stopped already. */
void premortem_stop_all(int cgroup_fd, struct stopped *stopped);
/* ... lets them go on, and frees. */
void premortem_go_on(struct stopped *stopped);

/*
 * Writes core.PID into the folder and says where and how large; false with the reason in why[256],
 * and nothing is left behind then. gdb, which follows whatever it finds at a path, writes in a
 * folder of this user alone, and the file is renamed out of it.
 */
bool premortem_core(pid_t pid, const struct folder *dir, char *path, size_t size, int64_t *bytes,
		    char *why);

#endif
