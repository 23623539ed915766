/*
 * One block that grows by realloc(), 1 MiB at a time, each new part written, in a 32 MiB cgroup with
 * swap off: the buffer that collects all of its input.
 *
 * Of a block this large realloc() copies nothing: mremap(2) moves its page tables to where there is
 * room. So the limit is reached once, by the bytes themselves, and not by two copies of them.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>

static void grow_one_block(struct scenario_env *env)
{
	unsigned char *block = NULL;

	for (uint64_t size = 0; size < MIB(64); size += MIB(1)) {
		unsigned char *larger = realloc(block, size + MIB(1));

		if (!larger)
			scenario_refused(env, "realloc", size + MIB(1), errno);
		block = larger;
		scenario_touch(block + size, MIB(1));
	}
	free(block);
}

const struct scenario scenario = {
	.name = "realloc-growth",
	.group = "anonymous",
	.summary = "one block grown by realloc() and written, under 32 MiB",
	.lesson = "A buffer that grows with its input has no limit but the kernel's. Bound it, or "
		  "work on the input piece by piece.",
	.run = grow_one_block,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(66),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(32), 3),
		},
};
