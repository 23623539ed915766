/*
 * The heap in the old sense grows: sbrk(1 MiB), each page written, again and again, in a 32 MiB
 * cgroup with swap off.
 *
 * brk(2) only moves the end of the heap; like mmap(2) it charges nothing. The writes do.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static void move_the_break(struct scenario_env *env)
{
	for (int i = 0; i < 64; i++) {
		void *block = sbrk(MIB(1)); /* adds VSZ */

		if (block == MAP_FAILED) /* (void *)-1 */
			scenario_refused(env, "sbrk", MIB(1), errno);
		scenario_touch(block, MIB(1)); /* adds RSS: the charge */
	}
}

const struct scenario scenario = {
	.name = "brk-growth",
	.group = "anonymous",
	.summary = "the program break moved and the heap written 1 MiB at a time, under 32 MiB",
	.lesson = "brk(2) and mmap(2) differ in where the address space is, not in what it costs: "
		  "both are charged at the first touch.",
	.run = move_the_break,
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
