/*
 * sparse-thp without transparent huge pages: one byte in each 2 MiB of a 256 MiB mapping is
 * written, 128 bytes in all, in the same 32 MiB cgroup with swap off.
 *
 * Each byte costs the page of 4 KiB that it is in, and a page table of 4 KiB: 1 MiB together.
 *
 * Expected: survives, oom_kill 0, peak 1..3 MiB, RSS at the end at most 3 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>

static void touch_sparsely(struct scenario_env *env)
{
	unsigned char *range =
		mmap(NULL, MIB(256), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (range == MAP_FAILED)
		scenario_refused(env, "mmap", MIB(256), errno);
	for (uint64_t i = 0; i < MIB(256); i += MIB(2))
		scenario_touch(range + i, 1);
	scenario_checkpoint(env, "after 128 bytes");
}

const struct scenario scenario = {
	.name = "sparse-nothp",
	.group = "anonymous",
	.summary = "1 byte per 2 MiB written with huge pages off: 128 bytes cost 1 MiB",
	.lesson =
		"Without huge pages a written byte costs its page of 4 KiB, and here a page table "
		"of as much. The same 128 bytes fill the limit where huge pages are on.",
	.twin = "sparse-thp",
	.run = touch_sparsely,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.vm = {.thp = THP_NEVER},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(3),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(1), .max = MIB(3)},
			.rss_bytes = AT_MOST(MIB(3)),
		},
};
