/*
 * premortem_core.h - a core file of a frozen process by gdb's gcore; internal to lab/snapshot.
 *
 * gdb cannot attach to a process that the cgroup freezer holds: it waits for a SIGSTOP that a
 * frozen thread does not take. So the processes get a SIGSTOP while they are frozen and are thawed
 * then: they stop before their next instruction. Pattern of use: premortem_core_stop_all(), thaw
 * the cgroup, premortem_core_write(), premortem_core_continue().
 *
 * Bounded: PREMORTEM_CORE_MAX bytes, half of what the disk has left, PREMORTEM_CORE_SECONDS. Memory
 * that was never touched counts too, because gdb reads and writes it as zeroes.
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

/* What premortem_core_stop_all() has stopped; it owns pids. */
struct stopped {
	pid_t *pids;
	size_t count;
};

/* Stops the processes of a cgroup (its folder's descriptor), but for those stopped already. */
void premortem_core_stop_all(int cgroup_fd, struct stopped *stopped);
/* Lets these go on, and frees pids. */
void premortem_core_continue(struct stopped *stopped);

/*
 * Writes core.PID into the folder; its path goes to path[size] and its size to *bytes. False with
 * the reason in why[256], and nothing is left behind then. gdb follows a symbolic link that stands
 * at its file's path, so it writes in a folder of this user alone, and the file is renamed out of
 * it.
 */
bool premortem_core_write(pid_t pid, const struct folder *dir, char *path, size_t size,
			  int64_t *bytes, char *why);

#endif
