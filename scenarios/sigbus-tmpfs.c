/*
 * A file of 16 MiB on a tmpfs that holds 8 MiB is mapped and written, in a 32 MiB cgroup with swap
 * off. The tmpfs is mounted for this process alone and goes with it.
 *
 * ftruncate(2) gave the file its length, not its pages. The write for which the tmpfs has no page
 * left is answered with SIGBUS. That is the limit of the file system; the limit of the cgroup is not
 * half used.
 *
 * Expected: signalled (SIGBUS), oom_kill 0, peak 8..12 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

static void enter_small_tmpfs(const char *dir)
{
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
	must(mount("scenario", dir, "tmpfs", 0, "mode=0700,size=8m"), "mount");
	must(chdir(dir), dir);
}

static void write_mapping(struct scenario_env *env)
{
	void *mapping;
	int fd;

	enter_small_tmpfs("/tmp");
	fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(fd, "file");
	must(ftruncate(fd, MIB(16)), "ftruncate");
	mapping = mmap(NULL, MIB(16), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapping == MAP_FAILED)
		scenario_refused(env, "mmap", MIB(16), errno);
	scenario_touch(mapping, MIB(16));
}

const struct scenario scenario = {
	.name = "sigbus-tmpfs",
	.group = "controls",
	.summary = "a mapped file outgrows its tmpfs: SIGBUS, and not an OOM kill",
	.lesson = "A tmpfs has a size of its own. A mapping that meets it gets SIGBUS, write(2) "
		  "gets ENOSPC, and neither is the OOM killer: small /dev/shm in containers is "
		  "often this.",
	.run = write_mapping,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(16),
	.expect =
		{
			.outcome = OUTCOME_SIGNALLED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(8), .max = MIB(12)},
		},
};
