/*
 * What ps(1) shows of memory that was touched: 128 MiB by malloc(), all of it cleared by memset().
 *
 * VSZ is that of malloc-128m; RSS has grown by all that was written. Where this lab's story comes
 * from, ps showed VSZ 133416 and RSS 131952 (KiB).
 *
 * Expected: survives; at "after memset" VSZ 128..136 MiB, RSS 128..136 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void take_and_clear(struct scenario_env *env)
{
	void *volatile block =
		malloc(MIB(128)); /* volatile: else malloc() + memset() is calloc() */

	if (!block)
		scenario_refused(env, "malloc", MIB(128), errno);
	scenario_checkpoint(env, "after malloc");
	memset(block, 0, MIB(128));
	__asm__ volatile("" : : "r"(block) : "memory"); /* else memset() is removed: nobody reads */
	scenario_checkpoint(env, "after memset");
	free(block);
}

const struct scenario scenario = {
	.name = "memset-128m",
	.group = "arenas",
	.summary = "128 MiB by malloc(), cleared by memset(): ps shows RSS as large as VSZ",
	.lesson = "The memset() turned address space into memory: RSS rose to 128 MiB, VSZ stayed. "
		  "The figures this began with: VSZ 133416, RSS 131952 KiB.",
	.twin = "malloc-128m",
	.run = take_and_clear,
	.cgroup = {.memory_max = BYTES(MIB(256)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 120,
	.ceiling_bytes = MIB(136),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(128), .max = MIB(144)},
			.vsz_bytes = {.is_set = true, .min = MIB(128), .max = MIB(136)},
			.rss_bytes = {.is_set = true, .min = MIB(128), .max = MIB(136)},
		},
	.ps =
		{
			.checkpoint = "after memset",
			.where = "where the story of oomlab began",
			.vsz_bytes = KIB(133416),
			.rss_bytes = KIB(131952),
			.meaning = "VSZ is address space, RSS is memory: once written, all 128 MiB "
				   "are in both.",
		},
};
