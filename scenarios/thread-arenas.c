/*
 * Eight threads take turns: each takes 6 MiB in blocks of 4 KiB, frees all of them but the last, and
 * waits for the others. malloc() may make eight arenas (M_ARENA_MAX). 32 MiB cgroup, swap off.
 *
 * A thread has an arena of its own, and what it frees stays there for its own next request: the last
 * block keeps the arena from shrinking. There are never more than 6 MiB in use, and the sixth or so
 * arena goes past the limit.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#define ARENAS	8
#define THREADS 8
#define BLOCKS	(MIB(6) / KIB(4))

static struct scenario_env *the_env;
static pthread_barrier_t barrier;

static void take_and_free(void)
{
	void *blocks[BLOCKS];

	for (size_t i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(KIB(4) - 16);
		if (!blocks[i])
			scenario_refused(the_env, "malloc", KIB(4), errno);
		scenario_touch(blocks[i], KIB(4) - 16);
	}
	for (size_t i = 0; i < BLOCKS - 1; i++)
		free(blocks[i]);
}

static void *take_turns(void *turn)
{
	for (int i = 0; i < THREADS; i++) {
		if (i == *(int *)turn)
			take_and_free();
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void run_threads(struct scenario_env *env)
{
	pthread_t threads[THREADS];
	int turns[THREADS], error;

	the_env = env;
	mallopt(M_ARENA_MAX, ARENAS);
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		turns[i] = i;
		error = pthread_create(&threads[i], NULL, take_turns, &turns[i]);
		if (error)
			scenario_refused(env, "pthread_create", 0, error);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

const struct scenario scenario = {
	.name = "thread-arenas",
	.group = "anonymous",
	.summary = "eight threads with an arena of malloc() each: killed under 32 MiB",
	.lesson =
		"malloc() keeps what a thread frees in that thread's arena, where no other thread "
		"gets at it. Many threads can retain many times what is in use.",
	.twin = "one-arena",
	.run = run_threads,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(56),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(32), 3),
		},
};
