/*
 * The leak of swap-exhausted, swapped to compressed memory (zram) as large as a disk of 48 MiB. Its pages
 * hold almost nothing, so that they take next to no memory there; the device is full of them all the
 * same, and the kill comes at 32 MiB of memory and 48 MiB of swap.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB.
 */
#include "scenario.h"

#include <stdlib.h>

static void grow(uint64_t bytes)
{
	for (uint64_t done = 0; done < bytes; done += MIB(1)) {
		void *p = malloc(MIB(1));

		if (!p)
			exit(3);
		scenario_touch(p, MIB(1));
	}
}

static void run(struct scenario_env *env)
{
	(void)env;
	grow(MIB(128));
}

const struct scenario scenario = {
	.name = "zram-exhausted",
	.group = "swap",
	.summary = "a leak that is swapped to 48 MiB of zram: killed once that is full",
	.lesson = "zram counts pages before they are compressed: it is full at its size, however "
		  "small they became; and what it takes is the machine's, charged to no cgroup.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = NO_LIMIT},
	.vm = {.zram_bytes = MIB(48), .own_boot = true},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 120,
	.ceiling_bytes = MIB(128),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(32), 5),
		},
};
