/*
 * A child outgrows the limit and is killed; its parent, which waits for it, exits with 0. The exit
 * status says nothing of the kill: the counter and the kernel's log do.
 *
 * Expected: child_oom_killed, exit status 0, oom_kill 1, the victim is "worker", the parent is spared.
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
	.name = "child-killed",
	.group = "processes",
	.summary = "a child outgrows 32 MiB and is killed; its parent exits with 0",
	.lesson =
		"An exit status of 0 does not say that nobody was killed: only the kernel's counter and its log do.",
	.twin = "oom-group",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(128),
	.expect = {.outcome = OUTCOME_CHILD_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_CHILD,
		   .oom_kill = EXACTLY(1),
		   .victims = (const struct expect_victim[]){{"worker", EXACTLY(1)},
							     {"child-killed", EXACTLY(0)},
							     {0}},
		   .peak_bytes = WITHIN_PCT(MIB(32), 5)},
};
