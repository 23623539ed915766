/*
 * process.h - a few facts about processes, from /proc. Nothing here allocates.
 */
#ifndef OOMLAB_LAUNCH_PROCESS_H
#define OOMLAB_LAUNCH_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* Start time in clock ticks since boot (proc(5), stat field 22); 0: no such process. */
uint64_t process_start_time(pid_t pid);

/* The state letter of proc(5): 'R' running, 'T' stopped, 't' traced ...; 0: no such process. */
char process_state(pid_t pid);

/* VSZ and RSS in bytes as ps(1) prints them (stat fields 23, 24). 0 or -errno. */
int process_sizes(pid_t pid, int64_t *vsz_bytes, int64_t *rss_bytes);

/*
 * The pid that the process has in its own pid namespace, with /proc at `proc`; `pid` where that
 * cannot be told.
 */
pid_t process_pid_inside(const char *proc, pid_t pid) __attribute__((nonnull(1)));

/*
 * Reads the wait status of a zombie that is not this process's child (proc(5), stat field 52). 0,
 * or -errno: -ESRCH when it is gone, -EINVAL while it runs, -EACCES when this user may not know, or
 * the status is 0: the kernel shows 0 for both.
 */
int process_zombie_status(pid_t pid, int *status);

#endif
