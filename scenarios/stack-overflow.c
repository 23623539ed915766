/*
 * The recursion of stack-growth, 1024 deep with 64 KiB of local variables in each call, under the
 * usual RLIMIT_STACK of 8 MiB, in the same 32 MiB cgroup with swap off.
 *
 * The kernel extends the stack no further than RLIMIT_STACK: the touch beyond is answered with
 * SIGSEGV, at a quarter of the memory limit. That is no OOM kill.
 *
 * Expected: signalled (SIGSEGV), nobody is killed by the OOM killer, oom_kill 0, peak 7..12 MiB.
 */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define STACK_LIMIT MIB(8)

static __attribute__((noinline)) unsigned int descend(unsigned int calls)
{
	volatile unsigned char locals[64 << 10];

	scenario_touch((void *)locals, sizeof(locals));
	if (!calls)
		return locals[0];
	return descend(calls - 1) + locals[0]; /* used after the call: no tail call */
}

static void recurse(struct scenario_env *env)
{
	struct rlimit limit;

	(void)env;
	if (getrlimit(RLIMIT_STACK, &limit) == 0) {
		limit.rlim_cur = STACK_LIMIT;
		if (setrlimit(RLIMIT_STACK, &limit) == 0)
			printf("%u calls\n", descend(1023));
	}
}

const struct scenario scenario = {
	.name = "stack-overflow",
	.group = "controls",
	.summary = "the same recursion with RLIMIT_STACK at 8 MiB: SIGSEGV, not an OOM kill",
	.lesson = "A stack overflow is a SIGSEGV at RLIMIT_STACK, whatever memory is free. With a "
		  "limit of the stack above that of the cgroup it is an OOM kill.",
	.twin = "stack-growth",
	.run = recurse,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(12),
	.expect =
		{
			.outcome = OUTCOME_SIGNALLED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(7), .max = MIB(12)},
		},
};
