/*
 * Two neighbours share 64 MiB. "app" holds 24 MiB of page cache (a file on a tmpfs would be memory of its
 * own, so it is anonymous memory here) below a memory.min of 32 MiB; "hog" grows by 60 MiB. What is
 * protected is not reclaimed, but protection does not choose the victim: the larger one is killed.
 *
 * Expected: child_oom_killed, "hog" killed once, the protected one spared.
 */
#include "scenario.h"

static void grow(struct scenario_env *env, void *arg)
{
	(void)env, (void)arg;
	for (int i = 0; i < 60; i++)
		scenario_take(MIB(1));
}

static void run(struct scenario_env *env)
{
	scenario_take(MIB(24));
	scenario_wait(scenario_fork(env, "hog", "pod/hog", grow, NULL));
}

const struct scenario scenario = {
	.name = "memory-min",
	.group = "cgroups",
	.summary = "a neighbour grows beside one with memory.min: the neighbour is killed",
	.lesson =
		"memory.min keeps memory from being reclaimed; whom the OOM killer chooses it does not say.",
	.run = run,
	.nodes = (const struct scenario_node[]){{.name = "pod",
						 .limits = {.memory_max = BYTES(MIB(64)),
							    .memory_swap_max = BYTES(0)},
						 .memory_min = BYTES(MIB(32))},
						{.name = "pod/app", .memory_min = BYTES(MIB(32))},
						{.name = "pod/hog"},
						{0}},
	.target_node = "pod/app",
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(128),
	.expect = {.outcome = OUTCOME_CHILD_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .oom_kill = EXACTLY(1),
		   .victims = (const struct expect_victim[]){{"hog", EXACTLY(1)},
							     {"memory-min", EXACTLY(0)},
							     {0}},
		   .nodes = (const struct expect_node[]){{"pod/hog", "oom_kill", EXACTLY(1)},
							 {"pod/app", "oom_kill", EXACTLY(0)},
							 {0}}},
};
