/*
 * Sixteen inotify instances watch one directory on a tmpfs and are never read, while 4000 files with
 * long names are made and removed there, in an 8 MiB cgroup with swap off.
 *
 * Each event waits in the kernel, charged to who made the instance, about 300 bytes here. At the
 * limit the kernel drops events instead of killing, and marks the queue as overflowed. But the
 * queues keep the cgroup full: the next charge that may not fail so, here for a new file, finds
 * nothing to reclaim and is the kill.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 8 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <unistd.h>

#define INSTANCES 16
#define FILES	  4000

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

static void make_and_remove(int number)
{
	char name[240];
	int fd;

	memset(name, 'x', sizeof(name));
	snprintf(name, sizeof(name), "%-230d", number);
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd, "open");
	close(fd);
	must(unlink(name), "unlink");
}

static void fill_queues(struct scenario_env *env)
{
	enter_private_tmpfs("/tmp");
	for (int i = 0; i < INSTANCES; i++) {
		const int fd = inotify_init1(IN_CLOEXEC);

		if (fd < 0 || inotify_add_watch(fd, ".", IN_CREATE | IN_DELETE) < 0)
			scenario_refused(env, "inotify", 0, errno);
	}
	for (int i = 0; i < FILES; i++)
		make_and_remove(i);
}

const struct scenario scenario = {
	.name = "inotify",
	.group = "kernel",
	.summary = "inotify events that are never read: killed under 8 MiB, by the next file made",
	.lesson = "A queue of the kernel that nobody reads fills the cgroup. The kill then hits at "
		  "what comes next: the call that was killed need not be the one that filled it.",
	.run = fill_queues,
	.cgroup = {.memory_max = BYTES(MIB(8)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(48),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(8), 3),
		},
};
