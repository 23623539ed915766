/*
 * A shared mapping of 24 MiB is written by a process in "writer", whose limit is 16 MiB: it is killed, though
 * the process in "reader", which made the mapping and may have 64 MiB, had it first and is charged nothing.
 *
 * Expected: child_oom_killed, "writer" killed once; the counter rises at "writer" alone.
 */
#include "scenario.h"

#include <stdlib.h>
#include <sys/mman.h>

static void fill(struct scenario_env *env, void *arg)
{
	(void)env;
	scenario_touch(arg, MIB(24));
}

static void run(struct scenario_env *env)
{
	void *shared =
		mmap(NULL, MIB(24), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		exit(3);
	scenario_wait(scenario_fork(env, "writer", "writer", fill, shared));
}

const struct scenario scenario = {
	.name = "first-toucher-pays",
	.group = "shared",
	.summary =
		"a shared mapping is charged to who touches it, not to who made it: the toucher is killed",
	.lesson =
		"Shared memory is charged to the cgroup that touches a page first; who made the mapping pays nothing.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(128)), .memory_swap_max = BYTES(0)},
	.nodes =
		(const struct scenario_node[]){
			{.name = "reader", .limits = {.memory_max = BYTES(MIB(64))}},
			{.name = "writer",
			 .limits = {.memory_max = BYTES(MIB(16)), .memory_swap_max = BYTES(0)}},
			{0}},
	.target_node = "reader",
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(128),
	.expect = {.outcome = OUTCOME_CHILD_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_CHILD,
		   .oom_kill = EXACTLY(1),
		   .victims = (const struct expect_victim[]){{"writer", EXACTLY(1)}, {0}},
		   .nodes = (const struct expect_node[]){{"writer", "oom", AT_LEAST(1)},
							 {"reader", "oom", EXACTLY(0)},
							 {0}}},
};
