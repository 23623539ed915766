/*
 * Sixteen children, one after the other, each take and write 16 MiB in a 8 MiB cgroup with swap off.
 * The parent waits for each and starts the next.
 *
 * Each is killed: sixteen kills within seconds. The kernel prints one line for each kill, but limits
 * its account of the circumstances (who invoked, the task table) to 10 in 5 seconds, so the log of
 * the later ones can be short, and that of other kills on the same kernel within those seconds: it
 * wants a kernel of its own. The parent ends with status 0.
 *
 * Expected: children are killed (CONSTRAINT_MEMCG), the parent is not, oom_kill 16, peak 8 MiB within
 * 3 %.
 */
#include "scenario.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 16

static __attribute__((noreturn)) void grow(void)
{
	void *block = malloc(MIB(16));

	if (block)
		scenario_touch(block, MIB(16));
	_exit(block ? 0 : 1);
}

static void restart(struct scenario_env *env)
{
	(void)env;
	for (int i = 0; i < CHILDREN; i++) {
		const pid_t pid = fork();

		if (!pid)
			grow();
		waitpid(pid, NULL, 0);
	}
}

const struct scenario scenario = {
	.name = "kill-storm",
	.group = "processes",
	.summary = "sixteen children killed one after the other, each started again by its parent",
	.lesson = "A program that is restarted after each kill is killed again. The kernel counts "
		  "every kill, but tells the circumstances of ten in five seconds only.",
	.run = restart,
	.cgroup = {.memory_max = BYTES(MIB(8)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.vm = {.own_boot = true},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(18),
	.expect =
		{
			.outcome = OUTCOME_CHILD_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_CHILD,
			.oom_kill = EXACTLY(16),
			.peak_bytes = WITHIN_PCT(MIB(8), 3),
		},
};
