/*
 * pid_map.h - which pid a process has inside its container, and which here.
 *
 * What a process writes of itself (the arena trace, the allocation calls) bears its pid in the
 * container; the kernel log and the touch profile have this host's. A process is known when it was
 * alive at one of the looks; one that came and went between two of them is not. Of a pid that was
 * given twice inside the later process counts. Allocates; not thread safe.
 *
 * Pattern of use: pid_map_add() the container's first process; pid_map_look() now and then while the
 * container lives; pid_map_here(); pid_map_release(). Where both pids of the first are the same, the
 * container has no pid namespace of its own, and nothing else is noted.
 */
#ifndef OOMLAB_LAUNCH_PID_MAP_H
#define OOMLAB_LAUNCH_PID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PID_MAP_MAX = 2048 }; /* what comes after is not noted */

struct pid_pair {
	pid_t here, inside;
};

/* Zero-initialise: every process has the pid it has here. */
struct pid_map {
	struct pid_pair *items;
	size_t count;
};

void pid_map_add(struct pid_map *map, pid_t here, pid_t inside);

/* Adds the processes of a cgroup that are new. proc: where /proc is. */
void pid_map_look(struct pid_map *map, int cgroup_dirfd, const char *proc);

/* Of the process that calls itself `inside`; 0: not known. */
pid_t pid_map_here(const struct pid_map *map, pid_t inside);

void pid_map_release(struct pid_map *map);

#endif
