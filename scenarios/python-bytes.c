/*
 * Python makes a bytes object of 64 MiB by repetition, which writes all of it.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 48 MiB.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	static const char *const argv[] = {"/usr/bin/python3", "-S", "-c",
					   "x = b\"x\" * (64 << 20)", NULL};

	(void)env;
	scenario_exec(argv);
}

const struct scenario scenario = {
	.name = "python-bytes",
	.group = "programs",
	.summary = "b\"x\" * (64 << 20) in Python: killed under 48 MiB",
	.lesson = "A bytes object that is not all zeros is written as it is made.",
	.twin = "python-zeros",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(48)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){"/usr/bin/python3", NULL},
	.install = "apt-get install python3",
	.timeout_sec = 600,
	.ceiling_bytes = MIB(256),
	.expect = {.outcome = OUTCOME_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_SELF,
		   .oom_kill = EXACTLY(1),
		   .peak_bytes = WITHIN_PCT(MIB(48), 5)},
};
