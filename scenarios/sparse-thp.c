/*
 * One byte in each 2 MiB of a 256 MiB mapping is written: 128 bytes in all, in a 32 MiB cgroup with
 * swap off, with transparent huge pages always on.
 *
 * The first 15 or so bytes cost a huge page of 2 MiB each. Near the limit the kernel no longer gets
 * a huge page charged and falls back to small ones, so that the process lives, with almost all of
 * its limit spent on nothing.
 *
 * Expected: survives, oom_kill 0, peak 24..32 MiB, RSS at the end 24..32 MiB.
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
	.name = "sparse-thp",
	.group = "anonymous",
	.summary = "1 byte per 2 MiB written with huge pages on: 128 bytes fill 32 MiB",
	.lesson = "With huge pages one written byte can cost 2 MiB. Sparse data structures pay for "
		  "what lies between; madvise(MADV_NOHUGEPAGE) is the way out.",
	.twin = "sparse-nothp",
	.run = touch_sparsely,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.vm = {.thp = THP_ALWAYS},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(260),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(24), .max = MIB(32)},
			.rss_bytes = {.is_set = true, .min = MIB(24), .max = MIB(32)},
		},
};
