/*
 * Empty files are made on a tmpfs, up to 40,000, in a 16 MiB cgroup with swap off. The tmpfs is
 * mounted for this process alone and goes with it.
 *
 * A file without a byte is still an inode and a directory entry (dentry) in the kernel, about 1 KiB
 * together, charged to who makes it. On a tmpfs neither can be reclaimed: they are the file.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 16 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#define FILES 40000

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
	must(mount("scenario", dir, "tmpfs", 0, "mode=0700,nr_inodes=50000"), "mount");
	must(chdir(dir), dir);
}

static void make_files(struct scenario_env *env)
{
	char name[16];
	int fd;

	enter_private_tmpfs("/tmp");
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "%d", i);
		fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			scenario_refused(env, "open", 0, errno);
		close(fd);
	}
}

const struct scenario scenario = {
	.name = "tmpfs-inodes",
	.group = "kernel",
	.summary = "empty files made on a tmpfs: killed under 16 MiB, for their inodes",
	.lesson = "A file costs an inode and a dentry of kernel memory before it has a byte. On a "
		  "tmpfs they stay until it is removed, and look like nothing in du(1).",
	.run = make_files,
	.cgroup = {.memory_max = BYTES(MIB(16)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(48),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(16), 3),
		},
};
