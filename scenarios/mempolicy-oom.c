/*
 * A machine with two NUMA nodes; the process binds its memory to node 1 with set_mempolicy(2) and takes
 * more than that node has. Node 0 has memory to spare, which the process does not want.
 *
 * Expected: killed (CONSTRAINT_MEMORY_POLICY), scope mempolicy, oom_kill 1.
 */
#include "scenario.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

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
	const unsigned long node_1 = 1UL << 1;

	if (syscall(SYS_set_mempolicy, MPOL_BIND, &node_1, 8 * sizeof(node_1)) < 0)
		scenario_refused(env, "set_mempolicy", 0, errno);
	grow(MIB(400));
}

const struct scenario scenario = {
	.name = "mempolicy-oom",
	.group = "machine",
	.summary =
		"more than the one NUMA node that set_mempolicy(2) binds to: killed, with the other free",
	.lesson = "A process that binds its memory to a node is killed when that node is full.",
	.twin = "cpuset-oom",
	.run = run,
	.vm = {.ram_bytes = MIB(512), .numa_nodes = 2, .own_boot = true},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 120,
	.ceiling_bytes = MIB(400),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMORY_POLICY,
			.victim = VICTIM_SELF,
			.scope = "mempolicy",
			.oom_kill = EXACTLY(1),
		},
};
