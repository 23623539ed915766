/*
 * Six mappings of 16 MiB are written one after the other, 96 MiB in all, in a 32 MiB cgroup with
 * swap off. Each is given up by madvise(MADV_DONTNEED) before the next, and stays mapped.
 *
 * MADV_DONTNEED frees the pages at once, so there are never more than 16 MiB: the limit is not
 * reached, and the kernel has nothing to reclaim.
 *
 * Expected: survives, oom_kill 0, peak 16..20 MiB, RSS at the end at most 4 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ADVICE MADV_DONTNEED

static void write_and_give_up(struct scenario_env *env)
{
	void *range =
		mmap(NULL, MIB(16), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (range == MAP_FAILED)
		scenario_refused(env, "mmap", MIB(16), errno);
	scenario_touch(range, MIB(16));
	if (madvise(range, MIB(16), ADVICE) < 0) {
		perror("madvise");
		exit(1);
	}
}

static void recycle(struct scenario_env *env)
{
	for (int i = 0; i < 6; i++)
		write_and_give_up(env);
	scenario_checkpoint(env, "after 96 MiB");
}

const struct scenario scenario = {
	.name = "madv-dontneed-recycle",
	.group = "anonymous",
	.summary =
		"96 MiB written and given up by MADV_DONTNEED, 16 MiB at a time: survives under 32 MiB",
	.lesson = "MADV_DONTNEED gives memory back at once, so that RSS and charge tell what is in "
		  "use. Touching it again costs a fault a page.",
	.twin = "madv-free-recycle",
	.run = recycle,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(98),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(16), .max = MIB(20)},
			.rss_bytes = AT_MOST(MIB(4)),
		},
};
