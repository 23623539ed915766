/*
 * Two levels: "pod" may have 32 MiB, "pod/app" in it 64 MiB. The process in "pod/app" stays below its own
 * limit and is killed for that above it.
 *
 * Expected: killed; the counter "oom" rises at "pod", "oom_kill" at "pod/app".
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	(void)env;
	scenario_take(MIB(48));
}

const struct scenario scenario = {
	.name = "ancestor-limit",
	.group = "cgroups",
	.summary = "48 MiB in a cgroup of 64 MiB, inside one of 32 MiB: killed for the limit above",
	.lesson =
		"The lowest limit on the way up counts, whatever the own one says: memory.events.local tells whose it was.",
	.run = run,
	.nodes =
		(const struct scenario_node[]){
			{.name = "pod",
			 .limits = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)}},
			{.name = "pod/app", .limits = {.memory_max = BYTES(MIB(64))}},
			{0}},
	.target_node = "pod/app",
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(64),
	.expect = {.outcome = OUTCOME_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_SELF,
		   .oom_kill = EXACTLY(1),
		   .nodes = (const struct expect_node[]){{"pod", "oom", AT_LEAST(1)},
							 {"pod", "oom_kill", EXACTLY(0)},
							 {"pod/app", "oom", EXACTLY(0)},
							 {"pod/app", "oom_kill", EXACTLY(1)},
							 {0}}},
};
