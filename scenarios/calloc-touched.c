/*
 * calloc-untouched, touched: 64 MiB by calloc(), then a byte of each page written, in the same 32 MiB
 * cgroup with swap off.
 *
 * calloc() itself charged nothing. The writes are what it costs, page by page, and half of the block
 * is more than there is.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>

static void take_and_touch(struct scenario_env *env)
{
	void *block = calloc(64, MIB(1));

	if (!block)
		scenario_refused(env, "calloc", MIB(64), errno);
	scenario_touch(block, MIB(64));
	free(block);
}

const struct scenario scenario = {
	.name = "calloc-touched",
	.group = "anonymous",
	.summary = "64 MiB by calloc(), each page of it written: killed under 32 MiB",
	.lesson = "calloc() succeeded and cost nothing; the kill came at the write. Success of an "
		  "allocation says nothing of what its use will cost.",
	.twin = "calloc-untouched",
	.run = take_and_touch,
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
