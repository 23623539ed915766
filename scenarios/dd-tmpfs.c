/*
 * dd(1) copies 64 MiB into a file on a tmpfs. Its own memory is one block of 1 MiB; the file is memory of the
 * cgroup, and stays when it is killed.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	static const char *const argv[] = {"dd",    "if=/dev/zero", "of=/dev/shm/dd-tmpfs",
					   "bs=1M", "count=64",	    NULL};

	(void)env;
	scenario_exec(argv);
}

const struct scenario scenario = {
	.name = "dd-tmpfs",
	.group = "programs",
	.summary = "dd into a file of 64 MiB on /dev/shm: killed for the file",
	.lesson = "Who copies into /dev/shm or another tmpfs copies into memory.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){"dd", NULL},
	.install = "apt-get install coreutils",
	.timeout_sec = 600,
	.ceiling_bytes = MIB(256),
	.expect = {.outcome = OUTCOME_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_SELF,
		   .oom_kill = EXACTLY(1),
		   .peak_bytes = WITHIN_PCT(MIB(32), 5)},
};
