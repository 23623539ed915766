/*
 * A file of 8 MiB on a tmpfs (a memfd) is mapped six times with MAP_PRIVATE, and each page of each
 * mapping is written, in a 32 MiB cgroup with swap off.
 *
 * A write to a private mapping copies the page: the copy is anonymous memory of the process. Six
 * mappings cost six copies and the file itself, 56 MiB in all.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define HOW MAP_PRIVATE

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
	close(fd);
}

const struct scenario scenario = {
	.name = "map-private-written",
	.group = "shared",
	.summary = "an 8 MiB file mapped private six times and written: killed under 32 MiB",
	.lesson =
		"A private mapping shares the file's pages until it is written; each page written "
		"is a copy of one's own, charged as anonymous memory.",
	.twin = "map-shared",
	.run = write_mappings,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(58),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(32), 3),
		},
};
