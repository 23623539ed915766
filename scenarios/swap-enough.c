/*
 * The same leak, which stops after 40 MiB, with a swap disk of 64 MiB: 8 MiB and more go there, and nobody
 * is killed.
 *
 * Expected: survived, oom_kill 0, peak 32 MiB.
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
	grow(MIB(40));
}

const struct scenario scenario = {
	.name = "swap-enough",
	.group = "swap",
	.summary = "40 MiB under 32 MiB with a swap disk: survives",
	.lesson = "What is cold can wait on a disk: then the limit slows down, and does not kill.",
	.twin = "swap-exhausted",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = NO_LIMIT},
	.vm = {.swap_bytes = MIB(64), .own_boot = true},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 120,
	.ceiling_bytes = MIB(40),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = WITHIN_PCT(MIB(32), 5),
		},
};
