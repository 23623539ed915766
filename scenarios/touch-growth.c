/*
 * A leak, as plain as it comes: 1 MiB by malloc(), each page of it written, again and again, in a
 * 32 MiB cgroup with swap off.
 *
 * Nothing written is given back and nothing of it can be reclaimed, so the first charge past
 * memory.max makes the kernel kill the only candidate, this process, after about 31 blocks.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>

static void grow(struct scenario_env *env)
{
	for (int i = 0; i < 64; i++) {
		void *block = malloc(MIB(1)); /* adds VSZ */

		if (!block)
			scenario_refused(env, "malloc", MIB(1), errno);
		scenario_touch(block, MIB(1)); /* adds RSS: the charge */
	}
}

const struct scenario scenario = {
	.name = "touch-growth",
	.group = "anonymous",
	.summary = "anonymous memory taken and written 1 MiB at a time, under 32 MiB",
	.lesson = "A leak of written memory ends at the limit whatever each step is: no single "
		  "allocation is too large, their sum is.",
	.twin = "leak-in-time",
	.run = grow,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
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
