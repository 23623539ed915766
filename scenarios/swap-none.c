/*
 * The leak of touch-growth where the cgroup may swap as much as it likes (memory.swap.max is max), on
 * a machine that has no swap.
 *
 * memory.swap.max permits swap, it does not provide any. Without a swap device anonymous memory
 * cannot be reclaimed, and the limit is as hard as with memory.swap.max 0.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>

static void grow(struct scenario_env *env)
{
	for (int i = 0; i < 64; i++) {
		void *block = malloc(MIB(1));

		if (!block)
			scenario_refused(env, "malloc", MIB(1), errno);
		scenario_touch(block, MIB(1));
	}
}

const struct scenario scenario = {
	.name = "swap-none",
	.group = "swap",
	.summary = "the same leak, allowed to swap where there is no swap: killed under 32 MiB",
	.lesson = "memory.swap.max is a permission. Where the machine has no swap, \"max\" and 0 "
		  "come to the same.",
	.run = grow,
	.vm = {.ram_bytes = MIB(512)},
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = NO_LIMIT},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(66),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(32), 3),
		},
};
