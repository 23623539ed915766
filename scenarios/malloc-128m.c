/*
 * What ps(1) shows of memory that was taken and not touched: 128 MiB by malloc(), nothing written.
 *
 * malloc() maps address space (VSZ); no page of it exists yet (RSS). Where this lab's story comes
 * from, ps showed VSZ 133416 and RSS 728 (KiB). The memory malloc() writes for itself is one page,
 * or one huge page of 2 MiB.
 *
 * Expected: survives; at "after malloc" VSZ 128..136 MiB, RSS at most 8 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>

static void take_and_leave(struct scenario_env *env)
{
	void *block = malloc(MIB(128));

	if (!block)
		scenario_refused(env, "malloc", MIB(128), errno);
	__asm__ volatile("" : : "r"(block) : "memory"); /* else malloc() is removed: no use */
	scenario_checkpoint(env, "after malloc");
	free(block);
}

const struct scenario scenario = {
	.name = "malloc-128m",
	.group = "arenas",
	.summary = "128 MiB by malloc(), never touched: ps shows VSZ, hardly any RSS",
	.lesson = "malloc() gave address space, not memory: VSZ grew by 128 MiB, RSS by a page. "
		  "The figures this began with: VSZ 133416, RSS 728 KiB.",
	.twin = "memset-128m",
	.run = take_and_leave,
	.cgroup = {.memory_max = BYTES(MIB(256)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 120,
	.ceiling_bytes = MIB(8),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.vsz_bytes = {.is_set = true, .min = MIB(128), .max = MIB(136)},
			.rss_bytes = AT_MOST(MIB(8)),
		},
	.ps =
		{
			.checkpoint = "after malloc",
			.where = "where the story of oomlab began",
			.vsz_bytes = KIB(133416),
			.rss_bytes = KIB(728),
			.meaning = "VSZ is address space: all 128 MiB are in it. RSS is memory: "
				   "nothing was written, so hardly anything is.",
		},
};
