/*
 * guardian.h - a small process that outlives the launcher. When the launcher dies, it ends what the
 * run started and removes what the run made. When the launcher hangs past the timeout, it ends what
 * the run started.
 *
 * Pattern of use:
 *  1. guardian_start()     before the run makes anything; the guardian has a session of its own and
 *                          none of the launcher's descriptors
 *  2. guardian_take_*()    tells it what to end or to remove, before that exists or right after;
 *                          guardian_kills() and guardian_awaits() are for `admit` of spawn.h: the
 *                          program does not begin before the guardian has its pidfd
 *  3. guardian_set_deadline() once the target runs
 *  4. poll guardian_fd(); guardian_read() tells that it has ended the run, or is gone itself
 *  5. guardian_end()       when the launcher itself has removed all; safe at any stage
 *
 * When the launcher is gone, the guardian kills what is in cgroups and the processes, removes the
 * cgroups, runs the removal command, removes folders, writes its line into the record, and ends.
 * Past the deadline it gives the launcher GUARDIAN_GRACE_NS. It then kills, where the launcher is
 * stopped or traced (proc(5), state T or t), or after GUARDIAN_PATIENCE_NS in any state; it writes
 * its line and continues the launcher (SIGCONT).
 *
 * It allocates nothing once it has started, is not dumpable (nobody but root can trace it) and
 * blocks all signals. LIMITATION: root, and an ordinary user's own processes, can send it SIGKILL
 * and SIGSTOP; guardian_read() says when it is gone.
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

/* What it can guard. */
enum { GUARDIAN_CGROUPS_MAX = 4, GUARDIAN_PROCESSES_MAX = 256, GUARDIAN_FOLDERS_MAX = 4 };

/* What the guardian did. */
struct guardian_deed {
	enum guardian_why why;
	int64_t t_ns;	  /* when it began, CLOCK_MONOTONIC */
	int ended;	  /* processes that were alive and were killed */
	int left;	  /* processes, cgroups, folders that could not be ended or removed */
	int64_t oom_kill; /* the counter oom_kill of the cgroup at its end; -1: not known */
};

/* Writes the line for the record, with its newline; returns the length. It must not allocate. */
typedef int guardian_line(const struct guardian_deed *deed, char *text, size_t size);

struct guardian {
	pid_t pid;     /* 0: none */
	int pidfd, fd; /* owned; fd is the launcher's end of the channel, -1 when it is gone */
	int cgroups, processes, folders; /* that it has taken */
};
#define GUARDIAN_INIT ((struct guardian){.pidfd = -1, .fd = -1})

/* Forks it. 0, or -1: nothing may be started then. */
int guardian_start(struct guardian *g, guardian_line *line, struct err *err);

/*
 * Of the calls above guardian_leave_record(): 0 when the message was sent; -ENOBUFS when the
 * guardian has as much of that kind as it can guard; -E2BIG when a text is too long; -1 when it is
 * gone or too far behind. They do not wait. Descriptors are duplicated. With NULL for the guardian
 * they do nothing, as for doctor's short trials.
 */

/* Why one of them failed, by its result: a sentence without its full stop. */
const char *guardian_refusal(int r);

/*
 * The cgroup `name` of `parent`, which need not exist yet; freezer_parent: as in struct cg, or -1.
 */
int guardian_take_cgroup(struct guardian *g, int parent, const char *name, int freezer_parent);
/* A cgroup (its directory) that is not oomlab's: what is inside is killed, the cgroup stays. */
int guardian_take_inside(struct guardian *g, int cgroup);
int guardian_take_process(struct guardian *g, int pidfd);
/*
 * A folder, removed with its files and two levels of folders in it. Its parent must be one in which
 * nobody else can rename it.
 */
int guardian_take_folder(struct guardian *g, const char *path);
/*
 * One command that removes what oomlab cannot, such as a container; a second call replaces the
 * first. Both are NULL-terminated lists of words, of 2 KiB and 64 words, run for 60 s at most.
 * `removal` runs when the process of guardian_awaits() has ended. Should it fail, `question` runs:
 * it succeeds as long as something is left.
 */
int guardian_take_removal(struct guardian *g, const char *const *removal,
			  const char *const *question);
/* When the run is overdue, in CLOCK_MONOTONIC; 0: never. */
int guardian_set_deadline(struct guardian *g, int64_t t_ns);
/* The record that the guardian appends its line to, until guardian_leave_record(). */
int guardian_take_record(struct guardian *g, int fd);
/*
 * From now on the guardian writes nothing into the record; a line that it had begun is complete
 * when this returns. Waits for its answer, for 15 s at most. 0, or -1 when none came.
 */
int guardian_leave_record(struct guardian *g);

/*
 * For `admit` of struct spawn, with the guardian (or NULL) as the context: 0, or -ENOBUFS, or
 * -EPIPE when it is gone. guardian_kills(): the guardian kills the started process. guardian_awaits(): it waits a
 * minute for the process to end by itself, then kills it.
 */
int guardian_kills(void *guardian, int pidfd);
int guardian_awaits(void *guardian, int pidfd);

/* To poll for POLLIN; -1: none. */
int guardian_fd(const struct guardian *g);
/*
 * Does not wait. True when there is news in *deed: what the guardian did, or GUARDIAN_NOTHING in
 * .why when it is gone itself.
 */
bool guardian_read(struct guardian *g, struct guardian_deed *deed);

/* Nothing is left to guard: ends the guardian and reaps it. */
void guardian_end(struct guardian *g);

/* Whether `pid` is the guardian, which is a child of the launcher but not part of the run. */
bool guardian_is(pid_t pid);
/* For the caller of wait4(-1): true when the child that it has just reaped was the guardian. */
bool guardian_took(pid_t pid);

#endif
