/*
 * malloc() of 16 TiB on a kernel that overcommits always (vm.overcommit_memory 1), in a 32 MiB cgroup
 * with swap off. Nothing of it is touched.
 *
 * The kernel refuses nothing that fits the address space. 16 TiB of it cost what 16 MiB do: nothing,
 * until they are touched.
 *
 * Expected: survives, oom_kill 0, peak at most 4 MiB, VSZ 16 TiB.
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
	.name = "overcommit-always",
	.group = "no-kill",
	.summary = "16 TiB by malloc() on a kernel that always overcommits: survives, untouched",
	.lesson = "With overcommit_memory 1 malloc() succeeds whatever is asked for, and a check "
		  "for NULL protects from nothing. The answer comes at the touch.",
	.twin = "overcommit-heuristic",
	.run = ask,
	.vm = {.overcommit_memory = OVERCOMMIT_ALWAYS},
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(4),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = AT_MOST(MIB(4)),
			.vsz_bytes = {.is_set = true,
				      .min = GIB(16384),
				      .max = GIB(16384) + MIB(16)},
		},
};
