/*
 * bench_arena.c - what an allocation costs: arena untraced and traced, against malloc() and free().
 *
 * Prints "name value unit", one line each, of the processor's time, best of several rounds: the
 * machine is shared, and what disturbs only ever adds. The traced figures are those of a ring
 * lapped many times over. Sizes are the same everywhere: 16 to 256 bytes, in a fixed mix. The arena
 * clears nothing, as malloc() does not; its cost with clearing is that of memset().
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "src/arena.h"
#include "src/trace.h"
#include "src/trace_clock.h"
#include "trace/trace_ring.h"

#define BATCH	1024
#define BATCHES 2000
#define ROUNDS	7

static size_t sizes[BATCH];

static void *keep(void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
	return p;
}

static double thread_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (double)used.tv_sec * 1e9 + (double)used.tv_nsec;
}

static void run_arena(void)
{
	static _Thread_local unsigned char memory[BATCH * 256];
	struct arena arena;

	if (arena_init(&arena, &(struct arena_config){.size = sizeof(memory),
						      .policy = ARENA_CLEAR_NEVER,
						      .backing = memory}) < 0)
		abort();
	for (int batch = 0; batch < BATCHES; batch++) {
		for (int i = 0; i < BATCH; i++)
			keep(arena_push(&arena, sizes[i], 16));
		arena_reset(&arena);
	}
	arena_destroy(&arena);
}

static void run_malloc(void)
{
	static _Thread_local void *blocks[BATCH];

	for (int batch = 0; batch < BATCHES; batch++) {
		for (int i = 0; i < BATCH; i++)
			blocks[i] = keep(malloc(sizes[i]));
		for (int i = 0; i < BATCH; i++)
			free(blocks[i]);
	}
}

struct worker {
	pthread_t thread;
	pthread_barrier_t *start;
	void (*run)(void);
	double ns; /* per allocation */
};

static void *work(void *arg)
{
	struct worker *w = arg;
	double started;

	pthread_barrier_wait(w->start);
	started = thread_ns();
	w->run();
	w->ns = (thread_ns() - started) / ((double)BATCH * BATCHES);
	return NULL;
}

/* ns per allocation and thread, of the slowest thread. */
static double one_round(void (*run)(void), unsigned int threads)
{
	struct worker workers[2];
	pthread_barrier_t start;
	double worst = 0;

	pthread_barrier_init(&start, NULL, threads);
	for (unsigned int i = 0; i < threads; i++) {
		workers[i] = (struct worker){.start = &start, .run = run};
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			abort();
	}
	for (unsigned int i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		if (workers[i].ns > worst)
			worst = workers[i].ns;
	}
	pthread_barrier_destroy(&start);
	return worst;
}

static double measure(const char *name, void (*run)(void), unsigned int threads)
{
	double best = one_round(run, threads);

	for (int round = 1; round < ROUNDS; round++) {
		const double ns = one_round(run, threads);

		if (ns < best)
			best = ns;
	}
	printf("%s_%u_threads %.2f ns/alloc\n", name, threads, best);
	fflush(stdout);
	return best;
}

static void measure_clock(void)
{
	const double started = thread_ns();
	uint64_t sum = 0;

	for (int i = 0; i < 10000000; i++)
		sum += trace_clock_ticks();
	keep(&sum);
	printf("clock_read %.2f ns\n", (thread_ns() - started) / 1e7);
}

static struct trace_ring *attach_ring(void)
{
	struct err err = ERR_INIT;
	struct trace_ring *ring = trace_ring_create(TRACE_RING_DEFAULT_BYTES, &err);
	char text[16];

	if (!ring) {
		err_print(&err);
		exit(1);
	}
	snprintf(text, sizeof(text), "%d", trace_ring_fd(ring));
	setenv(TRACE_FD_ENV, text, 1);
	trace_attach();
	return ring;
}

int main(void)
{
	double untraced[3] = {0}, traced[3] = {0};
	struct trace_ring *ring;
	unsigned int seed = 1;

	for (int i = 0; i < BATCH; i++)
		sizes[i] = 16 + (size_t)rand_r(&seed) % 241;
	unsetenv(TRACE_FD_ENV);
	trace_detach();
	measure_clock();
	for (unsigned int threads = 1; threads <= 2; threads++) {
		measure("malloc_free", run_malloc, threads);
		untraced[threads] = measure("arena_untraced", run_arena, threads);
	}
	ring = attach_ring();
	for (unsigned int threads = 1; threads <= 2; threads++) {
		traced[threads] = measure("arena_traced", run_arena, threads);
		printf("trace_cost_%u_threads %.2f ns/event\n", threads,
		       traced[threads] - untraced[threads]);
	}
	trace_detach();
	trace_ring_free(ring);
	return 0;
}
