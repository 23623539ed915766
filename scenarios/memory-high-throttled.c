/*
 * 1 MiB at a time is taken and written, up to 48 MiB, with memory.high at 16 MiB and memory.max at
 * 64 MiB, swap off.
 *
 * Above memory.high the kernel reclaims, and where there is nothing to reclaim it makes the process
 * wait, longer the further it is above. It never kills for memory.high: the process looks hung. The
 * watchdog ends it after 4 seconds.
 *
 * Expected: throttled, oom_kill 0, peak 16..48 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>

static void grow(struct scenario_env *env)
{
	for (int i = 0; i < 48; i++) {
		void *block = malloc(MIB(1));

		if (!block)
			scenario_refused(env, "malloc", MIB(1), errno);
		scenario_touch(block, MIB(1));
	}
}

const struct scenario scenario = {
	.name = "memory-high-throttled",
	.group = "no-kill",
	.summary =
		"anonymous growth above memory.high: not killed, slowed down until it looks hung",
	.lesson = "memory.high throttles and never kills. Memory that cannot be reclaimed turns "
		  "it into a standstill: somebody else has to see it and act.",
	.twin = "memory-high-reclaimable",
	.run = grow,
	.cgroup = {.memory_max = BYTES(MIB(64)),
		   .memory_high = BYTES(MIB(16)),
		   .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_END},
	.timeout_sec = 4,
	.ceiling_bytes = MIB(50),
	.expect =
		{
			.outcome = OUTCOME_THROTTLED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(16), .max = MIB(48)},
		},
};
