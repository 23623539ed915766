/*
 * The leak of touch-growth that stops in time: 24 blocks of 1 MiB, each written, none given back,
 * in the same 32 MiB cgroup with swap off.
 *
 * A leak that ends below the limit is no OOM: the kernel takes no notice of it, and the memory goes
 * back when the process ends. Run longer, it is its twin.
 *
 * Expected: survives, oom_kill 0, peak 24..28 MiB, RSS at the end 24..28 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>

static void grow_a_while(struct scenario_env *env)
{
	for (int i = 0; i < 24; i++) {
		void *block = malloc(MIB(1));

		if (!block)
			scenario_refused(env, "malloc", MIB(1), errno);
		scenario_touch(block, MIB(1));
	}
	scenario_checkpoint(env, "after the leak");
}

const struct scenario scenario = {
	.name = "leak-in-time",
	.group = "no-kill",
	.summary = "the same leak, which stops after 24 MiB: survives under 32 MiB",
	.lesson = "A leak that ends below the limit kills nobody: a test that runs for a short "
		  "while does "
		  "not find it. Watch the peak, not the exit status.",
	.twin = "touch-growth",
	.run = grow_a_while,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(28),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(24), .max = MIB(28)},
			.rss_bytes = {.is_set = true, .min = MIB(24), .max = MIB(28)},
		},
};
