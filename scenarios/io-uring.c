/*
 * io_uring instances with 4096 entries each are set up and kept, in a 32 MiB cgroup with swap off (on
 * cgroup v1 io_uring_setup(2) is refused at the limit, so that it is for v2).
 * Not one request is made.
 *
 * The rings of an instance are pages of the kernel's, charged to who sets it up: about 384 KiB for
 * 4096 entries.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RINGS 160

static void set_up_rings(struct scenario_env *env)
{
	for (int i = 0; i < RINGS; i++) {
		struct io_uring_params params = {0};

		if (syscall(SYS_io_uring_setup, 4096, &params) < 0)
			scenario_refused(env, "io_uring_setup", KIB(384), errno);
	}
}

const struct scenario scenario = {
	.name = "io-uring",
	.group = "kernel",
	.summary = "io_uring instances set up and not used: killed under 32 MiB",
	.lesson = "The rings of io_uring are memory of the cgroup before the first request, in no "
		  "process's RSS. One instance for each connection can be too many.",
	.run = set_up_rings,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
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
