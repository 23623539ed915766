/*
 * target.h - the process under study: started inside its cgroup, held at the gate, then let go.
 *
 * Pattern of use:
 *  1. target_find()   resolves the command as execvp(3) would: 126 and 127 before anything starts
 *  2. target_start()  forks; the child is in the cgroup from its first instruction (v2: clone3 with
 *                     CLONE_INTO_CGROUP; v1: it moves itself before exec; in a cgroup it shares
 * with the lab it is already) and waits at a pipe
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

/* A descriptor the target inherits, its number told in an environment variable. */
struct target_fd {
	const char *env;
	int fd;
};

struct target_request {
	char *const *argv; /* argv[0] as typed */
	const char *path;  /* what is executed: of target_find() */
	const char *cwd;   /* NULL: where the launcher is */
	const struct cg *cg;
	int64_t oom_score_adj; /* SPEC_KEEP: 0, whatever the launcher protects itself with */
	const struct target_fd *fds;
	size_t fd_count;
	const char *preload; /* goes before what LD_PRELOAD has; NULL: nothing */
};

struct target {
	pid_t pid;	 /* 0: not started */
	int pidfd;	 /* readable when it has ended */
	int gate_fd;	 /* -1 once open */
	int exec_fd;	 /* EOF: exec done; else an errno as int */
	int scenario_fd; /* the launcher's end of the scenario's gate (scenario.h) */
	bool is_foreign; /* no child of this process, but an engine's: it cannot be waited for */
};
#define TARGET_INIT                      \
	{                                \
		0, -1, -1, -1, -1, false \
	}

/*
 * The file that `command` names, malloc'd. NULL with status 127 (no such command) or 126 (there,
 * but not executable).
 */
char *target_find(const char *command, struct err *err);

int target_start(const struct target_request *request, struct target *target, struct err *err);

/* Opens the gate and waits for the exec. 0, or -1 with status 126 or 127 when exec failed. */
int target_release(struct target *target, const char *command, struct err *err);

/* Closes descriptors. A target still at the gate ends by itself. */
void target_close(struct target *target);

#endif
