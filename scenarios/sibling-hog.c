/*
 * Two neighbours share 48 MiB. The small one ("app", 12 MiB) had its memory long ago; the other ("hog")
 * grows, and is the larger when the limit of both is hit, so it is the one that is chosen.
 *
 * Expected: child_oom_killed, "hog" killed once, "app" spared and alive to its end.
 */
#include "scenario.h"

static void grow(struct scenario_env *env, void *arg)
{
	(void)env, (void)arg;
	for (int i = 0; i < 64; i++)
		scenario_take(MIB(1));
}

static void run(struct scenario_env *env)
{
	scenario_take(MIB(12));
	scenario_wait(scenario_fork(env, "hog", "pod/hog", grow, NULL));
}

const struct scenario scenario = {
	.name = "sibling-hog",
	.group = "cgroups",
	.summary = "a neighbour grows until the limit of both is hit: the neighbour is killed",
	.lesson = "Of all below the limit that was hit the largest is chosen, wherever it is.",
	.twin = "innocent-neighbour",
	.run = run,
	.nodes = (const struct scenario_node[]){{.name = "pod",
						 .limits = {.memory_max = BYTES(MIB(48)),
							    .memory_swap_max = BYTES(0)}},
						{.name = "pod/app"},
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
							     {"sibling-hog", EXACTLY(0)},
							     {0}},
		   .nodes = (const struct expect_node[]){{"pod", "oom", AT_LEAST(1)},
							 {"pod/app", "oom_kill", EXACTLY(0)},
							 {"pod/hog", "oom_kill", EXACTLY(1)},
							 {0}}},
};
