/*
 * A killer in userspace: a child watches the memory of its parent, which grows 1 MiB at a time, and
 * sends it SIGKILL once RSS passes 16 MiB, in a 32 MiB cgroup with swap off. So work earlyoom and
 * systemd-oomd.
 *
 * The process dies by SIGKILL for its memory, and yet the kernel's OOM killer did nothing: the limit
 * was not reached. It stops at 26 MiB and waits, so that a slow watcher is not overtaken.
 *
 * Expected: signalled (SIGKILL), not by the OOM killer, oom_kill 0, peak 15..30 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KILL_ABOVE MIB(16)

static uint64_t rss_of(pid_t pid)
{
	unsigned long pages = 0;
	char path[64];
	FILE *statm;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	statm = fopen(path, "re");
	if (!statm)
		return 0;
	if (fscanf(statm, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(statm);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static __attribute__((noreturn)) void watch(pid_t hog)
{
	while (getppid() == hog && rss_of(hog) <= KILL_ABOVE)
		usleep(2000);
	if (getppid() == hog)
		kill(hog, SIGKILL);
	_exit(0);
}

static void grow_watched(struct scenario_env *env)
{
	const pid_t hog = getpid();
	const pid_t watcher = fork();

	if (watcher < 0)
		scenario_refused(env, "fork", 0, errno);
	if (!watcher)
		watch(hog);
	for (int i = 0; i < 26; i++) {
		void *block = malloc(MIB(1));

		if (!block)
			scenario_refused(env, "malloc", MIB(1), errno);
		scenario_touch(block, MIB(1));
	}
	for (;;)
		pause();
}

const struct scenario scenario = {
	.name = "userspace-killer",
	.group = "controls",
	.summary =
		"a watcher kills the growing process before its limit: SIGKILL, not the kernel's",
	.lesson = "A killer in userspace leaves exit status 137 and no trace in the kernel's log "
		  "or in oom_kill: its own log has the reason.",
	.twin = "touch-growth",
	.run = grow_watched,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(30),
	.expect =
		{
			.outcome = OUTCOME_SIGNALLED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(15), .max = MIB(30)},
		},
};
