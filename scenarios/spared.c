/*
 * The process that grows has an oom_score_adj of -1000 and cannot be chosen; a small one beside it, which
 * only sleeps, is killed for it. It stops in time, so that it is not left alone with a limit that nobody
 * can be killed for.
 *
 * Expected: child_oom_killed, "sleeper" killed once, the one that grew is spared.
 */
#include "scenario.h"

#include <unistd.h>

static void hold(struct scenario_env *env, void *arg)
{
	(void)env, (void)arg;
	scenario_take(MIB(16));
	for (;;)
		pause();
}

static void run(struct scenario_env *env)
{
	pid_t sleeper = scenario_fork(env, "sleeper", NULL, hold, NULL);

	scenario_set_score(-1000);
	for (int i = 0; i < 24; i++)
		scenario_take(MIB(1));
	scenario_wait(sleeper);
}

const struct scenario scenario = {
	.name = "spared",
	.group = "processes",
	.summary =
		"the one that grows has oom_score_adj -1000: a sleeping neighbour is killed for it",
	.lesson = "With -1000 a process is never chosen, and its neighbours pay for it.",
	.twin = "livelock",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_SYS_RESOURCE, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(128),
	.expect = {.outcome = OUTCOME_CHILD_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_CHILD,
		   .oom_kill = EXACTLY(1),
		   .victims = (const struct expect_victim[]){{"sleeper", EXACTLY(1)},
							     {"spared", EXACTLY(0)},
							     {0}}},
};
