/*
 * numpy.ones() of 128 MiB: unlike numpy.zeros(), which is a calloc() that nobody touches, each element is written.
 *
 * Expected: killed (CONSTRAINT_MEMCG) under 64 MiB.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	static const char *const argv[] = {"/usr/bin/python3", "-c",
					   "import numpy; x = numpy.ones(16 << 20)", NULL};

	(void)env;
	scenario_exec(argv);
}

const struct scenario scenario = {
	.name = "numpy-ones",
	.group = "programs",
	.summary = "numpy.ones() of 128 MiB: killed under 64 MiB",
	.lesson = "numpy.ones() writes what numpy.zeros() only reserves.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(64)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){"/usr/bin/python3",
					    "/usr/lib/python3/dist-packages/numpy", NULL},
	.install = "apt-get install python3-numpy",
	.timeout_sec = 600,
	.ceiling_bytes = MIB(512),
	.expect = {.outcome = OUTCOME_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_SELF,
		   .oom_kill = EXACTLY(1)},
};
