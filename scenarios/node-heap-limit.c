/*
 * node keeps arrays of numbers on a heap of at most 16 MiB: V8 gives up by itself, with abort(3), while its
 * cgroup has room. A Buffer (node-buffer) is outside of that heap, and of what its limit can stop.
 *
 * Expected: SIGABRT (exit status 134 in a shell), no kill.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	static const char *const argv[] = {
		"node", "--max-old-space-size=16", "-e",
		"const all = []; for (;;) all.push(new Array(10000).fill(1.5));", NULL};

	(void)env;
	scenario_exec(argv);
}

const struct scenario scenario = {
	.name = "node-heap-limit",
	.group = "programs",
	.summary =
		"arrays on a heap of node that --max-old-space-size limits: V8 aborts by itself, nobody is killed",
	.lesson = "134 is V8 that gave up at its own limit, 137 the kernel at the cgroup's.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(256)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){"node", NULL},
	.install = "apt-get install nodejs",
	.timeout_sec = 600,
	.ceiling_bytes = MIB(1024),
	.expect = {.outcome = OUTCOME_SIGNALLED, .victim = VICTIM_NOBODY, .oom_kill = EXACTLY(0)},
};
