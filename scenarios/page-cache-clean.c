/*
 * A file of some 20 MiB, not of a tmpfs (the program of QEMU, as the one large file that a host of VMs
 * is sure to have) is read from its beginning to its end, three times, in an 8 MiB cgroup with swap
 * off.
 *
 * What read(2) brings in stays in memory as page cache, charged to who read it first. The file can be
 * read again at any time, so the kernel drops its pages when the limit is met, instead of killing.
 * The same bytes written to a tmpfs would be killed (tmpfs-file): there the page is the file.
 *
 * Expected: survives, oom_kill 0, peak 6..8 MiB: all of the limit.
 */
#include "scenario.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "qemu-system-x86_64"

static int open_program(const char *folder)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/" PROGRAM, folder);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* A descriptor of the first in PATH, or -1. */
static int find_program(void)
{
	const char *path = getenv("PATH");
	char *folders = strdup(path ? path : "/usr/bin"), *save = NULL;
	int fd = -1;

	for (char *folder = folders ? strtok_r(folders, ":", &save) : NULL; folder && fd < 0;
	     folder = strtok_r(NULL, ":", &save))
		fd = open_program(folder);
	free(folders);
	return fd;
}

static void read_file(struct scenario_env *env)
{
	static char block[64 << 10];
	const int fd = find_program();

	if (fd < 0) {
		perror(PROGRAM);
		exit(1);
	}
	for (int i = 0; i < 3; i++) {
		lseek(fd, 0, SEEK_SET);
		while (read(fd, block, sizeof(block)) > 0)
			;
	}
	close(fd);
	scenario_checkpoint(env, "read three times");
}

const struct scenario scenario = {
	.name = "page-cache-clean",
	.group = "shared",
	.summary = "a file larger than the limit read three times: survives under 8 MiB",
	.lesson = "Page cache of files on a disk fills the limit and kills nobody: the kernel "
		  "drops it for what comes next. At worst it has to be read again, which is slow.",
	.run = read_file,
	.cgroup = {.memory_max = BYTES(MIB(8)), .memory_swap_max = BYTES(0)},
	.host_files = (const char *const[]){PROGRAM, NULL},
	.install = "apt-get install qemu-system-x86",
	.timeout_sec = 60,
	.ceiling_bytes = MIB(10),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(6), .max = MIB(8)},
		},
};
