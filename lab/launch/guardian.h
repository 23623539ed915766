/*
 * guardian.h - one small process beside the launcher that outlives it: whatever ends the launcher,
 * and should something hold it still past the timeout, it ends what the run started and clears what
 * the run made.
 *
 * Pattern of use:
 *  1. guardian_start()     before anything of the run is made: a session of its own, and none of
 *                          the launcher's descriptors
 *  2. guardian_take_*()    what there is to end or to remove, before or as soon as it is there;
 *                          guardian_kills() and guardian_awaits() are for spawn.h's `admit`: the
 *                          program does not begin before the guardian has its process
 *  3. guardian_set_deadline() once the target runs
 *  4. poll guardian_fd(); guardian_read() tells that it has ended the run, or is gone itself
 *  5. guardian_end()       when the launcher has cleared all itself; safe at any stage
 *
 * When the launcher is gone it kills and removes everything, in the order: what is in cgroups,
 * processes, the cgroups, what commands remove, folders; writes its line into the record; ends.
 * Past the deadline it gives the launcher GUARDIAN_GRACE_NS; then, where the launcher is stopped or
 * traced (proc(5), state T or t), or after GUARDIAN_PATIENCE_NS in any state, it kills, writes its
 * line, and continues the launcher (SIGCONT).
 *
 * It allocates nothing once it has started, is not dumpable (nobody but root can trace it) and
 * blocks all signals. LIMITATION: root, and an ordinary user's own processes, can send it SIGKILL
 * and SIGSTOP; guardian_read() then says that it is gone.
 * Not thread safe: one thread of the launcher talks to it.
 */
#ifndef OOMLAB_LAUNCH_GUARDIAN_H
#define OOMLAB_LAUNCH_GUARDIAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "record/names.h"

#define GUARDIAN_GRACE_NS    INT64_C(2000000000)
#define GUARDIAN_PATIENCE_NS INT64_C(30000000000)

/* What it did. */
struct guardian_deed {
	enum guardian_why why;
	int64_t t_ns;	  /* when it began with it */
	int ended;	  /* processes that were there */
	int left;	  /* of them, or things to remove, still there afterwards */
	int64_t oom_kill; /* what the cgroup's own counter of kills came to; -1: not known */
};

/* Its line for the record, with the newline; returns the length. It must not allocate. */
typedef int guardian_line(const struct guardian_deed *deed, char *text, size_t size);

struct guardian {
	pid_t pid; /* 0: none */
	int pidfd, fd;
};
#define GUARDIAN_INIT ((struct guardian){0, -1, -1})

/* 0, or -1: nothing may be started then. */
int guardian_start(struct guardian *g, guardian_line *line, struct err *err);

/*
 * All: 0, or -1 when it is gone. Descriptors are duplicated. NULL for the guardian: nothing is
 * taken, as by doctor's short trials.
 */

/* The cgroup `name` of `parent`, there or not yet; freezers: as in struct cg, or -1. */
int guardian_take_cgroup(struct guardian *g, int parent, const char *name, int freezers);
/* One that is not to be removed: what is inside is killed. */
int guardian_take_inside(struct guardian *g, int cgroup);
/* By its pidfd. Past 256 of them the guardian takes no more: -1. */
int guardian_take_process(struct guardian *g, int pidfd);
/* A folder with all that is in it, two levels deep; `parent` is one that only its owner changes. */
int guardian_take_folder(struct guardian *g, const char *path);
/*
 * Commands, NULL-terminated, 2 KiB at most, each run for 60 s at most: `removal` when the process
 * that makes what it removes has ended (guardian_awaits()); should it fail,
 * `question`, which succeeds as long as there is something left.
 */
int guardian_take_removal(struct guardian *g, const char *const *removal,
			  const char *const *question);
/* Past it the run is overdue; 0: no more. CLOCK_MONOTONIC. */
int guardian_set_deadline(struct guardian *g, int64_t t_ns);
/* Where its line goes; nowhere any more when the record is whole. */
int guardian_take_record(struct guardian *g, int fd);
/*
 * The record is whole: it writes nothing there any more. When this returns, what it was about to
 * write stands in it; a guardian that does not answer within 15 s is held still itself.
 */
int guardian_leave_record(struct guardian *g);

/*
 * For struct spawn's `admit`, with the guardian as the context: 0, or -EPIPE when it is gone; NULL
 * as above. What is started is killed by the guardian; or it ends by itself, and is killed after a
 * minute alone.
 */
int guardian_kills(void *guardian, int pidfd);
int guardian_awaits(void *guardian, int pidfd);

/* To poll for POLLIN; -1: none. */
int guardian_fd(const struct guardian *g);
/* False: nothing new. *deed: what it did; .why is GUARDIAN_NOTHING when it is itself gone. */
bool guardian_read(struct guardian *g, struct guardian_deed *deed);

/* Nothing is left to guard: it ends, and is waited for. */
void guardian_end(struct guardian *g);

/* Whoever looks for all children or descendants leaves it alone. */
bool guardian_is(pid_t pid);
/* A child was waited for: true when it was the guardian. */
bool guardian_took(pid_t pid);

#endif
