/*
 * stress-ng with one worker of 64 MiB, --oomable: the worker is killed, and its parent takes that for a result.
 *
 * Expected: child_oom_killed, stress-ng itself ends with 0.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	static const char *const argv[] = {"stress-ng",	 "--quiet", "--vm",	 "1",
					   "--vm-bytes", "64M",	    "--vm-keep", "--oomable",
					   "--vm-ops",	 "2",	    NULL};

	(void)env;
	scenario_exec(argv);
}

const struct scenario scenario = {
	.name = "stress-ng-vm",
	.group = "programs",
	.summary = "stress-ng --vm 1 --vm-bytes 64M --oomable: its worker is killed under 48 MiB",
	.lesson = "A stress test that says success may have been killed: the counter knows.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(48)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){"stress-ng", NULL},
	.install = "apt-get install stress-ng",
	.timeout_sec = 600,
	.ceiling_bytes = MIB(256),
	.expect = {.outcome = OUTCOME_CHILD_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_CHILD,
		   .oom_kill = AT_LEAST(1)},
};
