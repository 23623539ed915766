/*
 * 24 MiB of blocks of 1 KiB, of which every second is freed; then 12 MiB of blocks of 2 KiB, in a
 * 32 MiB cgroup with swap off.
 *
 * Each hole is 1 KiB: too small for what is asked for next, and no page of the heap is free as a
 * whole. So the 12 MiB that were freed stay resident, and the process is killed with about 20 MiB in
 * use: 12 MiB of small blocks and not quite 8 MiB of large ones.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>

#define SMALL (KIB(1) - 16) /* with what malloc() keeps beside a block: 1 KiB */
#define COUNT (MIB(24) / KIB(1))
#define STEP  2 /* frees every second block */

static void *take(struct scenario_env *env, size_t bytes)
{
	void *block = malloc(bytes);

	if (!block)
		scenario_refused(env, "malloc", bytes, errno);
	scenario_touch(block, bytes);
	return block;
}

static void *small[COUNT], *large[COUNT / 4];

static void punch_holes(struct scenario_env *env)
{
	for (size_t i = 0; i < COUNT; i++)
		small[i] = take(env, SMALL);
	for (size_t i = 0; i < COUNT; i += STEP)
		free(small[i]);
	scenario_checkpoint(env, "half is free");
	for (size_t i = 0; i < COUNT / 4; i++)
		large[i] = take(env, 2 * SMALL);
}

const struct scenario scenario = {
	.name = "fragmentation",
	.group = "anonymous",
	.summary = "every second small block freed, then larger ones taken: killed under 32 MiB",
	.lesson =
		"Freed is not given back: a page stays as long as one block on it lives, and holes "
		"serve only what fits them. Blocks of one lifetime belong together.",
	.twin = "free-in-order",
	.run = punch_holes,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(40),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(32), 3),
		},
};
