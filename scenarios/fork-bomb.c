/*
 * A process starts children that only sleep, 2,000 at most. Each costs the kernel a stack, page tables and
 * slab; none has touched anything. What is killed is small, and the limit is full again with the next.
 *
 * Expected: at least one process killed under 24 MiB; the bomb is bounded by its own count.
 */
#include "scenario.h"

#include <stdlib.h>
#include <unistd.h>

static void hold(struct scenario_env *env, void *arg)
{
	(void)env, (void)arg;
	for (;;)
		pause();
}

static void run(struct scenario_env *env)
{
	for (int i = 0; i < 2000; i++)
		if (scenario_fork(env, "sleeper", NULL, hold, NULL) < 0)
			exit(3);
	exit(0);
}

const struct scenario scenario = {
	.name = "fork-bomb",
	.group = "processes",
	.summary =
		"up to 2,000 children that only sleep: killed under 24 MiB, for what the kernel holds of each",
	.lesson =
		"Processes that touch nothing still cost: stacks, page tables, slab; pids.max bounds them, not memory.max.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(24)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 120,
	.ceiling_bytes = MIB(128),
	.expect = {.constraint = CONSTRAINT_MEMCG,
		   .outcome = OUTCOME_OOM_KILLED,
		   .oom_kill = AT_LEAST(1)},
};
