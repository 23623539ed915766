/*
 * node fills a Buffer of 256 MiB. That is memory outside of V8's heap: --max-old-space-size says nothing of it.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 192 MiB.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	static const char *const argv[] = {"node", "-e", "Buffer.alloc(1 << 28, 1)", NULL};

	(void)env;
	scenario_exec(argv);
}

const struct scenario scenario = {
	.name = "node-buffer",
	.group = "programs",
	.summary = "Buffer.alloc(1 << 28, 1) in node: killed under 192 MiB, outside of the heap",
	.lesson = "A Buffer is no part of the heap, and no limit of the heap counts it.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(192)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){"node", NULL},
	.install = "apt-get install nodejs",
	.timeout_sec = 600,
	.ceiling_bytes = MIB(512),
	.expect = {.outcome = OUTCOME_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_SELF,
		   .oom_kill = EXACTLY(1),
		   .peak_bytes = WITHIN_PCT(MIB(192), 5)},
};
