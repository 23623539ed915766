/*
 * A memfd of 64 MiB is written through write(2), in a 32 MiB cgroup with swap off.
 *
 * A memfd is a file on a tmpfs that has no name. Its pages are shmem, charged to who writes them
 * first, though no mapping has them: the process shows hardly any RSS when it is killed. With its
 * last descriptor the memory goes, so that this kill frees all of it.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static void write_memfd(struct scenario_env *env)
{
	static char block[64 << 10];
	const int fd = memfd_create("scenario", MFD_CLOEXEC);

	if (fd < 0)
		scenario_refused(env, "memfd_create", 0, errno);
	for (uint64_t i = 0; i < MIB(64); i += sizeof(block))
		if (write(fd, block, sizeof(block)) < 0)
			scenario_refused(env, "write", sizeof(block), errno);
	close(fd);
}

const struct scenario scenario = {
	.name = "memfd",
	.group = "shared",
	.summary = "64 MiB written to a memfd: killed under 32 MiB, with hardly any RSS",
	.lesson = "Memory behind a descriptor is charged like any other and shows in no RSS. Look "
		  "at shmem in memory.stat when RSS does not explain the charge.",
	.run = write_memfd,
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
