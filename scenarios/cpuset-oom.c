/*
 * A machine with two NUMA nodes; the process is in a cgroup whose cpuset.mems is node 1 alone, and takes
 * more than that node has. Node 0 has memory to spare, which the process may not have.
 *
 * Expected: killed (CONSTRAINT_CPUSET), scope cpuset, oom_kill 1.
 */
#include "scenario.h"

#include <stdlib.h>

static void grow(uint64_t bytes)
{
	for (uint64_t done = 0; done < bytes; done += MIB(1)) {
		void *p = malloc(MIB(1));

		if (!p)
			exit(3);
		scenario_touch(p, MIB(1));
	}
}

static void run(struct scenario_env *env)
{
	(void)env;
	grow(MIB(400));
}

const struct scenario scenario = {
	.name = "cpuset-oom",
	.group = "machine",
	.summary =
		"more than the one NUMA node that cpuset.mems allows: killed, with the other node free",
	.lesson =
		"Free memory is of no use to a process whose cpuset does not have the node it is on.",
	.twin = "mempolicy-oom",
	.run = run,
	.nodes = (const struct scenario_node[]){{.name = "bound", .cpuset_mems = "1"}, {0}},
	.target_node = "bound",
	.vm = {.ram_bytes = MIB(512), .numa_nodes = 2, .own_boot = true},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 120,
	.ceiling_bytes = MIB(400),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_CPUSET,
			.victim = VICTIM_SELF,
			.scope = "cpuset",
			.oom_kill = EXACTLY(1),
		},
};
