/*
 * A worker fills a file on a tmpfs and is killed; the file stays, charged to the cgroup, and the worker that
 * takes its place is killed at once, for a file of which it wrote next to nothing. Three times.
 *
 * Their parent has an oom_score_adj of -1000, as supervisors have: a worker holds next to nothing itself, so
 * that the parent would be the larger one.
 *
 * Expected: child_oom_killed, "worker" killed three times, and the file is still charged at the end.
 */
#include "scenario.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORKERS = 3 };

static void fill(struct scenario_env *env, void *arg)
{
	static char block[1 << 20];
	const int turn = *(int *)arg;
	char byte;
	int fd;

	(void)env;
	scenario_set_score(0);
	if (read(turn, &byte, 1) != 1)
		exit(3);
	fd = open("/dev/shm/tmpfs-loop", O_CREAT | O_WRONLY | O_APPEND, 0600);
	for (int i = 0; i < 64 && fd >= 0; i++)
		if (write(fd, block, sizeof(block)) < 0)
			exit(3);
}

/* All are there before the cgroup is full: then there is no memory for a new process. */
static void run(struct scenario_env *env)
{
	int turns[WORKERS][2];
	pid_t workers[WORKERS];

	scenario_set_score(-1000);
	for (int i = 0; i < WORKERS; i++) {
		if (pipe(turns[i]) < 0)
			exit(3);
		workers[i] = scenario_fork(env, "worker", NULL, fill, &turns[i][0]);
	}
	for (int i = 0; i < WORKERS; i++) {
		if (write(turns[i][1], "x", 1) != 1)
			exit(3);
		scenario_wait(workers[i]);
	}
}

const struct scenario scenario = {
	.name = "tmpfs-loop",
	.group = "shared",
	.summary =
		"a worker is killed for a tmpfs file that outlives it: so is each that takes its place",
	.lesson =
		"A file on a tmpfs is memory that no kill gives back: who is started again finds the cgroup full.",
	.twin = "tmpfs-file",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_SYS_RESOURCE, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(128),
	.expect = {.outcome = OUTCOME_CHILD_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_CHILD,
		   .oom_kill = EXACTLY(3),
		   .victims = (const struct expect_victim[]){{"worker", EXACTLY(3)},
							     {"tmpfs-loop", EXACTLY(0)},
							     {0}}},
};
