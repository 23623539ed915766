/*
 * The same two neighbours, and the small one has an oom_score_adj of 1000: it is killed for the memory of
 * the other. That goes on, is over the limit again with the next pages, and is killed then.
 *
 * Expected: killed (the small one is the target), the hog afterwards; oom_kill 2.
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
	pid_t hog;

	scenario_take(MIB(12));
	hog = scenario_fork(env, "hog", "pod/hog", grow, NULL);
	scenario_set_score(1000);
	scenario_wait(hog);
}

const struct scenario scenario = {
	.name = "innocent-neighbour",
	.group = "cgroups",
	.summary =
		"the same neighbour grows; the small one has oom_score_adj 1000 and is killed first",
	.lesson =
		"oom_score_adj is in thousandths of the limit: 1000 outweighs whatever another has touched.",
	.twin = "sibling-hog",
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
	.expect = {.outcome = OUTCOME_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_SELF,
		   .victims = (const struct expect_victim[]){{"innocent-neighb", EXACTLY(1)}, {0}},
		   .nodes = (const struct expect_node[]){{"pod", "oom", AT_LEAST(1)},
							 {"pod/app", "oom_kill", EXACTLY(1)},
							 {0}}},
};
