/*
 * session.h - what one `oomlab run` does, in order: find the target, settle the spec, probe the
 * backends, plan, prepare, run it N times and conclude each.
 */
#ifndef OOMLAB_RUN_SESSION_H
#define OOMLAB_RUN_SESSION_H

#include "run/run.h"

/*
 * operands: NULL-terminated, a scenario's name, or with is_command what stood behind "--"; they and
 * `options` outlive the call. Returns the exit status, or -1 with err. Nothing is left behind in
 * either case.
 */
int session_run(const struct run_options *options, char **operands, bool is_command,
		struct err *err);

#endif
