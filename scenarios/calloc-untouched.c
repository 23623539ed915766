/*
 * 64 MiB by calloc(), twice the limit of its 32 MiB cgroup, never touched; swap is off.
 *
 * calloc() promises zeroes. Of a block this large it writes none: the block is a new mapping, which
 * the kernel hands out as zeroes page by page, at the first touch. It has no first touch.
 *
 * Expected: survives, oom_kill 0, peak at most 4 MiB, VSZ 64..72 MiB, RSS at most 4 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>

static void take_zeroes(struct scenario_env *env)
{
	void *block = calloc(64, MIB(1));

	if (!block)
		scenario_refused(env, "calloc", MIB(64), errno);
	__asm__ volatile("" : : "r"(block) : "memory"); /* else calloc() is removed: no use */
	scenario_checkpoint(env, "after calloc");
	free(block);
}

const struct scenario scenario = {
	.name = "calloc-untouched",
	.group = "anonymous",
	.summary = "64 MiB by calloc(), never touched: survives under 32 MiB",
	.lesson = "A large calloc() writes nothing: its zeroes are those of new pages, which come "
		  "at the first touch. malloc() and memset() to 0 would have been killed.",
	.twin = "calloc-touched",
	.run = take_zeroes,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(4),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = AT_MOST(MIB(4)),
			.vsz_bytes = {.is_set = true, .min = MIB(64), .max = MIB(72)},
			.rss_bytes = AT_MOST(MIB(4)),
		},
};
