/*
 * malloc() of 16 TiB on a kernel with vm.overcommit_memory 0, the default, in a 32 MiB cgroup with
 * swap off.
 *
 * The heuristic refuses one thing only: a single request that is more than all RAM and swap of the
 * machine. This one is, so malloc() returns NULL with ENOMEM. The limit of the cgroup plays no part:
 * a request of 64 MiB would succeed, and be killed at the touch.
 *
 * Expected: refused, ENOMEM for 16 TiB, oom_kill 0, peak at most 4 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>

static void ask(struct scenario_env *env)
{
	void *block = malloc(GIB(16384));

	if (!block)
		scenario_refused(env, "malloc", GIB(16384), errno);
	__asm__ volatile("" : : "r"(block) : "memory"); /* else malloc() is removed: no use */
	scenario_checkpoint(env, "after malloc");
	free(block);
}

const struct scenario scenario = {
	.name = "overcommit-heuristic",
	.group = "no-kill",
	.summary = "16 TiB by malloc() under the default overcommit: ENOMEM, no kill",
	.lesson = "By default the kernel refuses only what is more than all RAM and swap at once. "
		  "It does not look at the cgroup's limit, nor at what was promised before.",
	.twin = "overcommit-always",
	.run = ask,
	.vm = {.overcommit_memory = OVERCOMMIT_HEURISTIC},
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(4),
	.expect =
		{
			.outcome = OUTCOME_REFUSED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = AT_MOST(MIB(4)),
		},
};
