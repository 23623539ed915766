/*
 * A process that sleeps holds 32 MiB under no limit of its own; then its limit is set to 16 MiB. Nothing of
 * it can be reclaimed, so the write of the limit kills it: the sleeper did nothing.
 *
 * Expected: child_oom_killed, "sleeper" killed once.
 */
#include "scenario.h"

#include <stdlib.h>
#include <unistd.h>

static void hold(struct scenario_env *env, void *arg)
{
	const int ready = *(int *)arg;

	(void)env;
	scenario_take(MIB(32));
	if (write(ready, "x", 1) == 1)
		for (;;)
			pause();
}

static void run(struct scenario_env *env)
{
	int ready[2];
	char byte;
	pid_t sleeper;

	if (pipe(ready) < 0)
		exit(3);
	sleeper = scenario_fork(env, "sleeper", "app", hold, &ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		exit(3);
	scenario_set_node(env, "app", "memory.max", "16777216");
	scenario_wait(sleeper);
}

const struct scenario scenario = {
	.name = "limit-lowered",
	.group = "cgroups",
	.summary = "the limit of a sleeping process is lowered below what it holds: it is killed",
	.lesson =
		"A limit that is lowered below what is held kills at once, and who is killed need not be doing anything.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(128)), .memory_swap_max = BYTES(0)},
	.nodes =
		(const struct scenario_node[]){
			{.name = "app", .limits = {.memory_swap_max = BYTES(0)}}, {0}},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(128),
	.expect = {.outcome = OUTCOME_CHILD_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_CHILD,
		   .oom_kill = EXACTLY(1),
		   .victims = (const struct expect_victim[]){{"sleeper", EXACTLY(1)},
							     {"limit-lowered", EXACTLY(0)},
							     {0}},
		   .nodes = (const struct expect_node[]){{"app", "oom_kill", EXACTLY(1)}, {0}}},
};
