/*
 * descendants.h - the processes this one has started, and theirs: where the lab shares a cgroup
 * with its target, "everything inside" would be the lab too.
 *
 * The caller must be a child subreaper (or PID 1 of its namespace): then no descendant can leave.
 * From /proc; a process that starts while it is read is found by the next look.
 */
#ifndef OOMLAB_LAUNCH_DESCENDANTS_H
#define OOMLAB_LAUNCH_DESCENDANTS_H

/*
 * Living descendants; those that have ended and wait to be reaped do not count, nor does what the
 * lab itself does beside (base/aside.h).
 */
int descendants_count(void);

/* SIGKILL to all of them, again until none is left or 5 s have passed. 0 or -ETIMEDOUT. */
int descendants_kill(void);

#endif
