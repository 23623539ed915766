/*
 * Descriptors are opened and kept, up to 100,000 of them (eventfd), in a 16 MiB cgroup with swap off,
 * with RLIMIT_NOFILE raised.
 *
 * Each open file is a struct file and what belongs to it in the kernel, some hundred bytes, and a
 * place in the table of descriptors, all charged to who opens it. The usual limit of 1024 files keeps
 * that small; where it is raised to "unlimited" a leak of descriptors is an OOM kill.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 16 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#define FILES 100000

static void leak_descriptors(struct scenario_env *env)
{
	const struct rlimit files = {FILES + 32, FILES + 32};

	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		exit(1);
	for (int i = 0; i < FILES; i++)
		if (eventfd(0, EFD_CLOEXEC) < 0)
			scenario_refused(env, "eventfd", 0, errno);
}

const struct scenario scenario = {
	.name = "open-files",
	.group = "kernel",
	.summary =
		"a leak of descriptors with RLIMIT_NOFILE raised: killed under 16 MiB, with hardly any RSS",
	.lesson = "A descriptor costs some hundred bytes of kernel memory, in no RSS. "
		  "RLIMIT_NOFILE is also a limit on that: raised without need it turns EMFILE "
		  "into a kill.",
	.run = leak_descriptors,
	.cgroup = {.memory_max = BYTES(MIB(16)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_SYS_RESOURCE, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(64),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(16), 3),
		},
};
