/*
 * thread-arenas with M_ARENA_MAX 1: eight threads take turns, each takes 6 MiB in blocks of 4 KiB,
 * frees all of them but the last, and waits for the others. 32 MiB cgroup, swap off.
 *
 * All threads share one arena, so that each goes on with what the one before has freed.
 *
 * Expected: survives, oom_kill 0, peak 6..10 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#define ARENAS	1
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
	.name = "one-arena",
	.group = "anonymous",
	.summary = "the same eight threads with one arena of malloc(): survives under 32 MiB",
	.lesson =
		"With one arena (M_ARENA_MAX or MALLOC_ARENA_MAX) what one thread frees serves the "
		"next. The price is that threads wait for each other's malloc().",
	.twin = "thread-arenas",
	.run = run_threads,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(12),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(6), .max = MIB(10)},
		},
};
