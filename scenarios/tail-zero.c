/*
 * tail(1) of /dev/zero looks for the end of the last lines of a file that has neither: it keeps all of it.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	static const char *const argv[] = {"tail", "/dev/zero", NULL};

	(void)env;
	scenario_exec(argv);
}

const struct scenario scenario = {
	.name = "tail-zero",
	.group = "programs",
	.summary = "tail /dev/zero: one line without an end, kept whole",
	.lesson =
		"A program that keeps its input needs a limit on the input, or is given one on memory.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){"tail", NULL},
	.install = "apt-get install coreutils",
	.timeout_sec = 600,
	.ceiling_bytes = MIB(256),
	.expect = {.outcome = OUTCOME_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_SELF,
		   .oom_kill = EXACTLY(1),
		   .peak_bytes = WITHIN_PCT(MIB(32), 5)},
};
