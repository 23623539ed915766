/*
 * 128 MiB are written to a file on an ext4 of its own, in a 16 MiB cgroup with swap off, and are not
 * synced. Each page is dirty until the disk has it, and cannot be dropped before.
 *
 * The kernel makes a writer wait for the disk long before the limit (dirty_ratio of what the cgroup may
 * have), so nobody is killed; it only takes as long as the disk does. The same bytes on a tmpfs are
 * killed (tmpfs-file): there is no disk that they could go to.
 *
 * Expected: survives, oom_kill 0, peak 12..16 MiB.
 */
#include "scenario.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

static void run(struct scenario_env *env)
{
	static char block[MIB(1)];
	const int fd = open("/scratch/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0) {
		perror("/scratch/file");
		exit(3);
	}
	for (int i = 0; i < 128; i++)
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block)) {
			perror("/scratch/file");
			exit(3);
		}
	scenario_checkpoint(env, "written");
	close(fd);
}

const struct scenario scenario = {
	.name = "page-cache-dirty",
	.group = "shared",
	.summary =
		"128 MiB written to a disk under a limit of 16 MiB: the writer waits, and survives",
	.lesson =
		"Dirty page cache cannot be dropped, but the kernel makes the writer wait for the disk "
		"in time: it is slow, not fatal.",
	.twin = "tmpfs-file",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(16)), .memory_swap_max = BYTES(0)},
	.vm = {.scratch_bytes = MIB(192)},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_END},
	.timeout_sec = 120,
	.ceiling_bytes = MIB(16),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(12), .max = MIB(16)},
		},
};
