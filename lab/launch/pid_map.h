/*
 * pid_map.h - maps the pid that a process has inside its container to its pid on this host.
 *
 * What a process writes about itself (the arena trace, the allocation calls) has its pid inside the
 * container; the kernel log and the touch profile have the pid on this host. A process that started
 * and ended between two calls of pid_map_look() is not known. Where a pid inside was used twice,
 * the later process counts. Allocates; not thread safe.
 *
 * Pattern of use: pid_map_add() the container's first process; pid_map_look() now and then while
 * the container lives; pid_map_here(); pid_map_release(). Where both pids of the first process are
 * the same, the container has no pid namespace of its own, and pid_map_look() adds nothing.
 */
#ifndef OOMLAB_LAUNCH_PID_MAP_H
#define OOMLAB_LAUNCH_PID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PID_MAP_MAX = 2048 }; /* pairs; further processes are ignored */

struct pid_pair {
	pid_t here, inside;
};

/* Zero-initialised: pid_map_here() returns each pid as it is. */
struct pid_map {
	struct pid_pair *items;
	size_t count;
};

void pid_map_add(struct pid_map *map, pid_t here, pid_t inside);

/* Adds the processes of a cgroup that are not in the map yet. proc: where /proc is mounted. */
void pid_map_look(struct pid_map *map, int cgroup_dirfd, const char *proc);

/* The pid on this host of the process with the pid `inside`; 0: not known. */
pid_t pid_map_here(const struct pid_map *map, pid_t inside);

void pid_map_release(struct pid_map *map);

#endif
