/*
 * The same leak with a swap disk, of which the cgroup may have 16 MiB: cold pages go there until it is
 * full, and the kill comes at 32 MiB of memory and 16 MiB of swap.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB.
 */
#include "scenario.h"

#include <stdlib.h>

static void grow(uint64_t bytes)
{
	for (uint64_t done = 0; done < bytes; done += MIB(1)) {
		void *p = malloc(MIB(1));

		if (!p)
			exit(3);
		scenario_touch(p, MIB(1));
	}
}

static void run(struct scenario_env *env)
{
	(void)env;
	grow(MIB(96));
}

const struct scenario scenario = {
	.name = "swap-exhausted",
	.group = "swap",
	.summary = "the same leak with 16 MiB of swap: killed once that is full, too",
	.lesson = "Swap moves the kill; it does not take it away from what grows.",
	.twin = "swap-none",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(MIB(16))},
	.vm = {.swap_bytes = MIB(64), .own_boot = true},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 120,
	.ceiling_bytes = MIB(96),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(32), 5),
		},
};
