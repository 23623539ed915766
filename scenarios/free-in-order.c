/*
 * fragmentation with one difference: of the 24 MiB of blocks of 1 KiB the first half is freed, not
 * every second. Then come blocks of 2 KiB, up to 12 MiB of them, in the same 32 MiB cgroup.
 *
 * As much is freed, and as much is taken. But the free blocks lie side by side, malloc() joins them,
 * and the larger blocks go where the small ones were.
 *
 * Expected: survives, oom_kill 0, peak 24..30 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>

#define SMALL (KIB(1) - 16) /* with what malloc() keeps beside a block: 1 KiB */
#define COUNT (MIB(24) / KIB(1))

static void *take(struct scenario_env *env, size_t bytes)
{
	void *block = malloc(bytes);

	if (!block)
		scenario_refused(env, "malloc", bytes, errno);
	scenario_touch(block, bytes);
	return block;
}

static void *small[COUNT], *large[COUNT / 4];

static void free_in_order(struct scenario_env *env)
{
	for (size_t i = 0; i < COUNT; i++)
		small[i] = take(env, SMALL);
	for (size_t i = 0; i < COUNT / 2; i++)
		free(small[i]);
	scenario_checkpoint(env, "half is free");
	for (size_t i = 0; i < COUNT / 4; i++)
		large[i] = take(env, 2 * SMALL);
}

const struct scenario scenario = {
	.name = "free-in-order",
	.group = "anonymous",
	.summary =
		"the first half of small blocks freed, then larger ones taken: survives under 32 MiB",
	.lesson =
		"Neighbours that are freed together become room for anything. The same bytes freed "
		"here and there do not.",
	.twin = "fragmentation",
	.run = free_in_order,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(40),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(24), .max = MIB(30)},
		},
};
