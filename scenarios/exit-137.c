/*
 * A process ends itself with exit status 137, in a 32 MiB cgroup with swap off.
 *
 * 137 is how a shell or an engine writes "ended by signal 9". A process may also choose it as its own
 * status: a wrapper that passes on what its child ended with does. wait(2) tells the two apart.
 *
 * Expected: failed (exit status 137), no signal, oom_kill 0, peak at most 4 MiB.
 */
#include "scenario.h"

#include <stdlib.h>

static void leave(struct scenario_env *env)
{
	(void)env;
	exit(137);
}

const struct scenario scenario = {
	.name = "exit-137",
	.group = "controls",
	.summary = "a process exits with status 137 by itself: no signal, and not an OOM kill",
	.lesson = "An exit status of 137 is a number anybody can choose. It is not even proof of "
		  "a signal.",
	.run = leave,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(4),
	.expect =
		{
			.outcome = OUTCOME_FAILED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = AT_MOST(MIB(4)),
		},
};
