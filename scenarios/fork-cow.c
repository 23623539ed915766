/*
 * A process with 8 MiB forks four children. Each writes all of the 8 MiB and then waits, so that all
 * copies are there at once, in a 32 MiB cgroup with swap off.
 *
 * fork(2) copies no memory: parent and children share the pages until somebody writes. Each child
 * that writes gets 8 MiB of its own. The parent and two children are 24 MiB, and with page tables a
 * third is more than there is: two of the four are killed, and with what they had the others get
 * through. A charge that comes before a victim's pages are back can cost one more. The parent ends
 * with status 0. The children have raised their oom_score_adj, so that the parent is not chosen.
 *
 * Expected: children are killed (CONSTRAINT_MEMCG), the parent is not, oom_kill 2, at most 4, peak
 * 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN   4
#define BYTES_EACH MIB(8)

static void volunteer(void)
{
	FILE *adj = fopen("/proc/self/oom_score_adj", "we");

	if (!adj)
		return;
	fputs("500\n", adj);
	fclose(adj);
}

static __attribute__((noreturn)) void write_and_wait(void *block, int done)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	volunteer();
	scenario_touch(block, BYTES_EACH); /* each page is copied */
	close(done);
	for (;;)
		pause();
}

static pid_t fork_child(struct scenario_env *env, void *block, int done)
{
	const pid_t pid = fork();

	if (pid < 0)
		scenario_refused(env, "fork", 0, errno);
	if (!pid)
		write_and_wait(block, done);
	return pid;
}

static void fork_children(struct scenario_env *env)
{
	void *block = malloc(BYTES_EACH);
	pid_t pids[CHILDREN];
	int ends[2];
	char nothing;

	if (!block)
		scenario_refused(env, "malloc", BYTES_EACH, errno);
	scenario_touch(block, BYTES_EACH);
	if (pipe(ends) < 0)
		scenario_refused(env, "pipe", 0, errno);
	for (int i = 0; i < CHILDREN; i++)
		pids[i] = fork_child(env, block, ends[1]);
	close(ends[1]);
	(void)!read(ends[0], &nothing, 1); /* until each child has written all or is dead */
	for (int i = 0; i < CHILDREN; i++)
		kill(pids[i], SIGTERM);
	while (wait(NULL) > 0)
		;
}

const struct scenario scenario = {
	.name = "fork-cow",
	.group = "processes",
	.summary =
		"four children write what they share with their parent: two or more are killed under 32 MiB",
	.lesson = "fork(2) is cheap until the copies are written. The parent ended with status 0: "
		  "without memory.events nobody would have known of the kills.",
	.run = fork_children,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(44),
	.expect =
		{
			.outcome = OUTCOME_CHILD_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_CHILD,
			.oom_kill = {.is_set = true, .min = 2, .max = CHILDREN},
			.peak_bytes = WITHIN_PCT(MIB(32), 3),
		},
};
