/*
 * 64 pipes are made as large as they may be, 1 MiB, and filled, in a 32 MiB cgroup with swap off.
 *
 * What is written to a pipe and not yet read is in pages of the kernel's, charged to the writer. No
 * process has them: the victim is killed with hardly any RSS, and they go when its descriptors do.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PIPES 64

static void fill(struct scenario_env *env, int fd)
{
	static const char block[64 << 10];

	if (fcntl(fd, F_SETPIPE_SZ, 1 << 20) < 0)
		scenario_refused(env, "F_SETPIPE_SZ", MIB(1), errno);
	while (write(fd, block, sizeof(block)) > 0)
		;
	if (errno != EAGAIN)
		scenario_refused(env, "write", sizeof(block), errno);
}

static void fill_pipes(struct scenario_env *env)
{
	int ends[2];

	for (int i = 0; i < PIPES; i++) {
		if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
			scenario_refused(env, "pipe2", 0, errno);
		fill(env, ends[1]);
	}
}

const struct scenario scenario = {
	.name = "pipes",
	.group = "kernel",
	.summary =
		"64 pipes of 1 MiB filled and not read: killed under 32 MiB, with hardly any RSS",
	.lesson = "Unread data in pipes is memory of the writer's cgroup, and in no process's RSS. "
		  "A reader that lags can so get the writer killed.",
	.run = fill_pipes,
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
