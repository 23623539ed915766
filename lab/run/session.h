/*
 * session.h - what one `oomlab run` does, in order: find the target, settle the spec, probe the
 * backends, plan, prepare, run it N times and conclude each.
 */
#ifndef OOMLAB_RUN_SESSION_H
#define OOMLAB_RUN_SESSION_H

#include "run/run.h"

/*
 * operands: NULL-terminated; a scenario's name, or with is_command the words after "--". Returns
 * the exit status of `oomlab run`, or -1 with err. No process, cgroup or container is left in
 * either case.
 */
int session_run(const struct run_options *options, char **operands, bool is_command,
		struct err *err);

/*
 * What --backend=auto would take for a command with a limit, and why: "vm: REASON". The caller
 * frees.
 */
char *session_auto(void);

#endif
