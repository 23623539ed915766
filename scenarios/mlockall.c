/*
 * mlockall(MCL_FUTURE), and then malloc() of 64 MiB that is never touched, in a 32 MiB cgroup with
 * swap off.
 *
 * What is mapped after MCL_FUTURE is locked at once, and so faulted in: malloc() alone is charged for
 * all of it, and the process is killed inside of it. Programs that want no delay by page faults do
 * this, and pay for every reservation.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

static void lock_and_take(struct scenario_env *env)
{
	void *block;

	if (mlockall(MCL_FUTURE) < 0)
		scenario_refused(env, "mlockall", 0, errno);
	block = malloc(MIB(64));
	if (!block)
		scenario_refused(env, "malloc", MIB(64), errno);
	__asm__ volatile("" : : "r"(block) : "memory"); /* else malloc() is removed: no use */
	scenario_checkpoint(env, "after malloc");
	free(block);
}

const struct scenario scenario = {
	.name = "mlockall",
	.group = "anonymous",
	.summary =
		"64 MiB by malloc() after mlockall(MCL_FUTURE): killed inside of it, under 32 MiB",
	.lesson = "mlockall(MCL_FUTURE) makes every reservation memory at once. Reserved is not "
		  "touched, except here.",
	.run = lock_and_take,
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
