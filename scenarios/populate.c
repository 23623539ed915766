/*
 * mmap(MAP_POPULATE) of 64 MiB in a 32 MiB cgroup with swap off. The program itself touches nothing.
 *
 * MAP_POPULATE asks the kernel to fault the pages in before mmap(2) returns: they are charged inside
 * of the system call, and there the process is killed. mmap(2) reports no error for memory that it
 * could not populate, and cannot: nobody is left to read it.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>

static void map_populated(struct scenario_env *env)
{
	void *range = mmap(NULL, MIB(64), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (range == MAP_FAILED)
		scenario_refused(env, "mmap", MIB(64), errno);
	scenario_checkpoint(env, "after mmap");
}

const struct scenario scenario = {
	.name = "populate",
	.group = "anonymous",
	.summary = "64 MiB by mmap(MAP_POPULATE): killed inside of mmap(2), under 32 MiB",
	.lesson = "MAP_POPULATE moves the charge from the first touch into mmap(2). It gives no "
		  "error "
		  "where the limit is lower: the process is killed in the call.",
	.run = map_populated,
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
