/*
 * No cgroup has a limit: a process takes 400 MiB in a machine of 256 MiB. The machine runs out, and the
 * kernel chooses among all processes. The one that grew is by far the largest.
 *
 * Expected: killed (CONSTRAINT_NONE), scope global, oom_kill 1.
 */
#include "scenario.h"

#include <stdlib.h>

static void grow(uint64_t bytes)
{
	for (uint64_t done = 0; done < bytes; done += MIB(1)) {
		void *p = malloc(MIB(1));

		if (!p)
			exit(3);
		scenario_touch(p, MIB(1));
	}
}

static void run(struct scenario_env *env)
{
	(void)env;
	grow(MIB(400));
}

const struct scenario scenario = {
	.name = "global-oom",
	.group = "machine",
	.summary =
		"no limit anywhere, and a machine of 256 MiB: the kernel chooses among all processes",
	.lesson =
		"Without a limit the machine is the limit, and every process of it is a candidate.",
	.run = run,
	.vm = {.ram_bytes = MIB(256), .own_boot = true},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 120,
	.ceiling_bytes = MIB(400),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_NONE,
			.victim = VICTIM_SELF,
			.scope = "global",
			.oom_kill = EXACTLY(1),
		},
};
