/*
 * descendants.h - counts and kills the processes that this one has started, and theirs. It serves
 * where oomlab shares a cgroup with its target and must not kill everything inside.
 *
 * The caller must be a child subreaper (or PID 1 of its namespace), so that orphans stay its
 * descendants. They are read from /proc; one that starts during a reading is found by the next.
 */
#ifndef OOMLAB_LAUNCH_DESCENDANTS_H
#define OOMLAB_LAUNCH_DESCENDANTS_H

/*
 * Number of living descendants. Zombies do not count, nor do oomlab's own helpers: the guardian and
 * processes of base/aside.h.
 */
int descendants_count(void);

/* Sends SIGKILL to all of them, again until none is left or 5 s have passed. 0 or -ETIMEDOUT. */
int descendants_kill(void);

#endif
