/*
 * The leak of global-oom where the multi-generational LRU is told to evict nothing that was in use within
 * a day (min_ttl_ms). Once free memory falls below the low watermark kswapd finds nothing that it may
 * evict and asks for a kill itself: no allocation has failed.
 *
 * Expected: killed (CONSTRAINT_NONE), scope global, oom_kill 1.
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
	/* On by default on some kernels alone. */
	scenario_set_kernel(env, "/sys/kernel/mm/lru_gen/enabled", "y");
	scenario_set_kernel(env, "/sys/kernel/mm/lru_gen/min_ttl_ms", "86400000");
	grow(MIB(400));
}

const struct scenario scenario = {
	.name = "mglru-min-ttl",
	.group = "machine",
	.summary = "min_ttl_ms of the multi-generational LRU: kswapd asks for the kill",
	.lesson =
		"min_ttl_ms trades thrashing for a kill: the kernel's own reclaim thread asks for it "
		"while every allocation still succeeds.",
	.run = run,
	.vm = {.ram_bytes = MIB(256), .own_boot = true},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 120,
	.ceiling_bytes = MIB(400),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_NONE,
			.victim = VICTIM_SELF,
			.scope = "global",
			.oom_kill = EXACTLY(1),
		},
};
