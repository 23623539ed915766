/*
 * A program with a heap limit of its own, 16 MiB, as a language runtime has: it grows 1 MiB at a
 * time and calls abort(3) when the next step would exceed it, in a 32 MiB cgroup with swap off.
 *
 * It looks like an OOM and says so in its last words. The kernel has no part in it: half of the
 * memory limit is unused.
 *
 * Expected: signalled (SIGABRT), oom_kill 0, peak 16..20 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define HEAP_LIMIT MIB(16)

static void *heap_take(struct scenario_env *env, uint64_t bytes)
{
	static uint64_t used;
	void *block;

	if (used + bytes > HEAP_LIMIT) {
		fputs("out of heap: the limit is 16 MiB\n", stderr);
		abort();
	}
	used += bytes;
	block = malloc(bytes);
	if (!block)
		scenario_refused(env, "malloc", bytes, errno);
	return block;
}

static void grow(struct scenario_env *env)
{
	for (int i = 0; i < 64; i++)
		scenario_touch(heap_take(env, MIB(1)), MIB(1));
}

const struct scenario scenario = {
	.name = "abort-at-heap-limit",
	.group = "controls",
	.summary = "a heap limit of the program's own at 16 MiB: SIGABRT, and not an OOM kill",
	.lesson = "\"Out of memory\" in a program's own words is its own limit, not the kernel's. "
		  "Raising memory.max changes nothing there.",
	.twin = "touch-growth",
	.run = grow,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(20),
	.expect =
		{
			.outcome = OUTCOME_SIGNALLED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(16), .max = MIB(20)},
		},
};
