/*
 * A recursion 1024 deep with 64 KiB of local variables in each call, all written, in a 32 MiB cgroup
 * with swap off, with RLIMIT_STACK raised to 96 MiB.
 *
 * The stack is anonymous memory that the kernel extends as it is touched, up to RLIMIT_STACK. With
 * the usual 8 MiB the recursion would end in SIGSEGV (see its twin); where the limit of the stack is
 * above that of the cgroup, the OOM killer comes first.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define STACK_LIMIT MIB(96)

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
	.name = "stack-growth",
	.group = "anonymous",
	.summary = "a deep recursion with RLIMIT_STACK at 96 MiB: killed under 32 MiB",
	.lesson = "The stack is memory like any other. With a large RLIMIT_STACK a runaway "
		  "recursion is an OOM kill, with the usual one a SIGSEGV.",
	.twin = "stack-overflow",
	.run = recurse,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(68),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(32), 3),
		},
};
