/*
 * The same child outgrows the same limit, in a cgroup with memory.oom.group: the kernel kills all of the
 * cgroup, the parent that waits for the child included.
 *
 * Expected: killed, oom_group_kill 1, and oom_kill 3 for the two processes: the kernel counts the one
 * that it chose a second time when it goes through the group.
 */
#include "scenario.h"

static void grow(struct scenario_env *env, void *arg)
{
	(void)env, (void)arg;
	scenario_take(MIB(64));
}

static void run(struct scenario_env *env)
{
	scenario_wait(scenario_fork(env, "worker", NULL, grow, NULL));
}

const struct scenario scenario = {
	.name = "oom-group",
	.group = "cgroups",
	.summary = "the same child under memory.oom.group: its parent is killed, too",
	.lesson =
		"memory.oom.group ends what belongs together, so that no half of a service is left to hang.",
	.twin = "child-killed",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0), .oom_group = true},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(128),
	.expect = {.outcome = OUTCOME_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .oom_kill = EXACTLY(3),
		   .oom_group_kill = EXACTLY(1),
		   .victims = (const struct expect_victim[]){{"worker", EXACTLY(1)},
							     {"oom-group", EXACTLY(1)},
							     {0}},
		   .peak_bytes = WITHIN_PCT(MIB(32), 5)},
};
