/*
 * keeps.c - programs that keep more and more memory, by chains of calls that are known, until a
 * limit ends them.
 *
 *	keeps inlined     main() > handle() > load(), of which the last two are inlined: blocks of
 *	                  24 KiB by memset(), which belong to jobs of a few bytes
 *	keeps threads     four threads, main() of none of them: work() > serve() > put() keeps 48
 *KiB a time; serve() has a buffer of 1 MiB besides, for as long as it runs keeps list        a
 *table of 20 MiB, then a list of nodes of 1000 bytes each keeps bursts      threads that come one
 *after the other and stay: each takes 2 MiB in small chunks and gives back all but the last, which
 *holds its arena up
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define INLINED static inline __attribute__((always_inline))
#define CALLED	static __attribute__((noinline))

enum { KIB = 1024, THREADS = 4, CHUNKS = 2000, CHUNK = 1000 };

struct job {
	struct job *next;
	char *payload;
};

static struct job *jobs;

INLINED char *load(size_t bytes)
{
	char *p = malloc(bytes);

	if (!p)
		abort();
	return memset(p, 1, bytes);
}

INLINED void handle(void)
{
	struct job *job = malloc(sizeof(*job));

	if (!job)
		abort();
	job->payload = load(24 * KIB);
	job->next = jobs;
	jobs = job;
}

INLINED char *put(size_t bytes)
{
	return load(bytes);
}

INLINED void serve(void)
{
	char *buffer = load(KIB * KIB);

	for (int i = 0; i < 16; i++)
		__asm__ volatile("" : : "r"(put(48 * KIB)) : "memory");
	free(buffer);
}

static void *work(void *unused)
{
	for (;;)
		serve();
	return unused;
}

static void start(pthread_t *thread, void *(*run)(void *))
{
	if (pthread_create(thread, NULL, run, NULL))
		abort();
}

static void by_threads(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		start(&threads[i], work);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

CALLED void add_node(void)
{
	struct job *node = (struct job *)load(CHUNK);

	node->next = jobs;
	jobs = node;
}

CALLED void *burst(void *unused)
{
	char *chunks[CHUNKS];

	for (int i = 0; i < CHUNKS; i++)
		chunks[i] = load(CHUNK);
	for (int i = 0; i < CHUNKS - 1; i++)
		free(chunks[i]);
	for (;;)
		pause();
	return unused;
}

static void by_bursts(void)
{
	for (;;) {
		pthread_t thread;

		start(&thread, burst);
		usleep(2000);
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc == 2 ? argv[1] : "";

	/* So that what is touched is what was asked for. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (!strcmp(mode, "inlined"))
		for (;;)
			handle();
	if (!strcmp(mode, "threads"))
		by_threads();
	if (!strcmp(mode, "list"))
		for (load((size_t)20 * KIB * KIB);;)
			add_node();
	if (!strcmp(mode, "bursts"))
		by_bursts();
	fprintf(stderr, "usage: keeps inlined|threads|list|bursts\n");
	return 2;
}
