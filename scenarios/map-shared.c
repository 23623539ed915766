/*
 * map-private-written with MAP_SHARED: a file of 8 MiB on a tmpfs (a memfd) is mapped six times, and
 * each page of each mapping is written, in the same 32 MiB cgroup with swap off.
 *
 * All six mappings show the same pages, those of the file. They are charged once; a further mapping
 * costs page tables.
 *
 * Expected: survives, oom_kill 0, peak 8..10 MiB, RSS at the end 48..52 MiB: ps counts a page once
 * for each mapping.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define HOW MAP_SHARED

static int make_file(struct scenario_env *env)
{
	const int fd = memfd_create("scenario", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, MIB(8)) < 0)
		scenario_refused(env, "memfd_create", MIB(8), errno);
	return fd;
}

static void write_mappings(struct scenario_env *env)
{
	const int fd = make_file(env);

	for (int i = 0; i < 6; i++) {
		void *mapping = mmap(NULL, MIB(8), PROT_READ | PROT_WRITE, HOW, fd, 0);

		if (mapping == MAP_FAILED)
			scenario_refused(env, "mmap", MIB(8), errno);
		scenario_touch(mapping, MIB(8));
	}
	scenario_checkpoint(env, "six mappings");
	close(fd);
}

const struct scenario scenario = {
	.name = "map-shared",
	.group = "shared",
	.summary = "an 8 MiB file mapped shared six times and written: survives under 32 MiB",
	.lesson =
		"Shared pages are charged once, however often they are mapped. RSS counts them once "
		"for each mapping, and so can exceed what is charged.",
	.twin = "map-private-written",
	.run = write_mappings,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(10),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(8), .max = MIB(10)},
			.rss_bytes = {.is_set = true, .min = MIB(48), .max = MIB(52)},
		},
};
