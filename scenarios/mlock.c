/*
 * 64 MiB are mapped and locked by mlock(2), in a 32 MiB cgroup with swap off. The program itself
 * touches nothing.
 *
 * mlock(2) faults in all that it locks, so the charge comes inside of the system call, and there the
 * process is killed. Where RLIMIT_MEMLOCK is lower and the process may not exceed it, mlock(2) says
 * ENOMEM instead; root may.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>

static void map_and_lock(struct scenario_env *env)
{
	void *range =
		mmap(NULL, MIB(64), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (range == MAP_FAILED)
		scenario_refused(env, "mmap", MIB(64), errno);
	if (mlock(range, MIB(64)) < 0)
		scenario_refused(env, "mlock", MIB(64), errno);
	scenario_checkpoint(env, "after mlock");
}

const struct scenario scenario = {
	.name = "mlock",
	.group = "anonymous",
	.summary = "64 MiB locked by mlock(2): killed inside of it, under 32 MiB",
	.lesson = "Locking memory touches it: mlock(2) and mlockall(2) charge all that they lock, "
		  "used or not. What is locked can be neither swapped nor reclaimed.",
	.run = map_and_lock,
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
