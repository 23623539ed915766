/*
 * A file of 64 MiB is written on a tmpfs, in a 32 MiB cgroup with swap off.
 *
 * A file on a tmpfs is memory: shmem, charged to who writes it first. Without swap it cannot be
 * reclaimed, so that write(2) ends in a kill of a process that has hardly any memory of its own. The
 * tmpfs is mounted for this process alone and goes with it; on one that stays, the file would stay,
 * and stay charged.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

static void enter_private_tmpfs(const char *dir)
{
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
	must(mount("scenario", dir, "tmpfs", 0, "mode=0700"), "mount");
	must(chdir(dir), dir);
}

static void write_file(struct scenario_env *env)
{
	static char block[64 << 10];
	int fd;

	enter_private_tmpfs("/tmp");
	fd = open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd, "file");
	for (uint64_t i = 0; i < MIB(64); i += sizeof(block))
		if (write(fd, block, sizeof(block)) < 0)
			scenario_refused(env, "write", sizeof(block), errno);
	close(fd);
}

const struct scenario scenario = {
	.name = "tmpfs-file",
	.group = "shared",
	.summary = "a 64 MiB file written to a tmpfs: killed under 32 MiB",
	.lesson = "Files in /tmp, /dev/shm or /run are often memory, charged to the cgroup of who "
		  "writes them. Killing the writer frees nothing as long as the file is there.",
	.run = write_file,
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
