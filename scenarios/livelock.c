/*
 * Every process of the cgroup has an oom_score_adj of -1000, so that nobody can be killed: the process
 * faults, the kernel finds no victim, and lets it try again, for ever. The watchdog ends it.
 *
 * Expected: livelocked within the 5 s of its timeout, no kill.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	(void)env;
	scenario_set_score(-1000);
	scenario_take(MIB(64));
}

const struct scenario scenario = {
	.name = "livelock",
	.group = "processes",
	.summary = "nobody in the cgroup may be killed: the kernel looks for a victim for ever",
	.lesson =
		"With oom_score_adj -1000 for all, a full cgroup does not kill: it spins, and the log is flooded.",
	.twin = "spared",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_SYS_RESOURCE, NEED_END},
	.timeout_sec = 5,
	.ceiling_bytes = MIB(128),
	.expect = {.outcome = OUTCOME_LIVELOCKED,
		   .victim = VICTIM_NOBODY,
		   .oom_kill = EXACTLY(0),
		   .peak_bytes = WITHIN_PCT(MIB(32), 5)},
};
