/*
 * memory-high-throttled with memory that can be reclaimed: 1 MiB at a time is taken, written and
 * given up by madvise(MADV_FREE), 48 MiB in all, with memory.high at 16 MiB and memory.max at 64 MiB,
 * swap off.
 *
 * Above memory.high the kernel reclaims. It finds the pages that were given up, takes them, and lets
 * the process go on without a long wait.
 *
 * Expected: survives, oom_kill 0, peak 14..18 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>

static void grow_and_give_up(struct scenario_env *env)
{
	for (int i = 0; i < 48; i++) {
		void *block = mmap(NULL, MIB(1), PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (block == MAP_FAILED)
			scenario_refused(env, "mmap", MIB(1), errno);
		scenario_touch(block, MIB(1));
		madvise(block, MIB(1), MADV_FREE);
	}
}

const struct scenario scenario = {
	.name = "memory-high-reclaimable",
	.group = "no-kill",
	.summary = "growth above memory.high of memory that can be reclaimed: survives",
	.lesson = "memory.high is a good place to stop at for a program whose memory can be "
		  "reclaimed: the same setting is a standstill where nothing can.",
	.twin = "memory-high-throttled",
	.run = grow_and_give_up,
	.cgroup = {.memory_max = BYTES(MIB(64)),
		   .memory_high = BYTES(MIB(16)),
		   .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(50),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(14), .max = MIB(18)},
		},
};
