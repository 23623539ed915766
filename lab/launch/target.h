/*
 * target.h - starts the process under study inside its cgroup, holds it at the gate, and lets it
 * go.
 *
 * Pattern of use:
 *  1. target_find()   resolves the command as execvp(3) would, so that the statuses 126 and 127 are
 *                     known before anything starts
 *  2. target_start()  forks; the child is in the cgroup before it execs (v2: clone3(2) with
 *                     CLONE_INTO_CGROUP; v1: it moves itself; a cgroup that it shares with oomlab:
 *                     it is there already) and waits at a pipe
 *  3. open every source of evidence
 *  4. target_release() opens the gate: the child execs
 *  5. poll target.pidfd, target.scenario_fd
 *  6. target_close()
 *
 * What the child touches before exec is charged to the cgroup and freed by exec.
 */
#ifndef OOMLAB_LAUNCH_TARGET_H
#define OOMLAB_LAUNCH_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "launch/cgroup.h"

/* A descriptor that the target inherits; the environment variable `env` has its number. */
struct target_fd {
	const char *env;
	int fd;
};

struct target_request {
	char *const *argv; /* argv[0] as typed */
	const char *path;  /* what is executed, from target_find() */
	const struct cg *cg;
	int64_t oom_score_adj; /* SPEC_KEEP: 0; the launcher's own value is not inherited */
	const struct target_fd *fds;
	size_t fd_count;
	const char *preload; /* library put in front of what LD_PRELOAD has; NULL: none */
};

struct target {
	pid_t pid;	 /* 0: not started */
	int pidfd;	 /* readable when it has ended */
	int gate_fd;	 /* a byte written here opens the gate; -1 once that is done */
	int exec_fd;	 /* read: EOF when exec succeeded, else errno as an int */
	int scenario_fd; /* the launcher's end of the scenario's gate (scenario.h) */
	bool is_foreign; /* an engine's child, which this process cannot wait for */
};
#define TARGET_INIT                      \
	{                                \
		0, -1, -1, -1, -1, false \
	}

/*
 * The absolute path of the file that `command` names; the caller frees. NULL with status 127 (no
 * such command) or 126 (not executable).
 */
char *target_find(const char *command, struct err *err);

/* 0, or -1. pre: *target is TARGET_INIT. Call target_close() afterwards in either case. */
int target_start(const struct target_request *request, struct target *target, struct err *err);

/* Opens the gate and waits for the exec. 0, or -1 with status 126 or 127 when exec failed. */
int target_release(struct target *target, const char *command, struct err *err);

/* Closes the descriptors. A target that is still at the gate then exits. */
void target_close(struct target *target);

#endif
