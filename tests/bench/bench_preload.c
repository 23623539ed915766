/*
 * bench_preload - ns of malloc() and free() together, by figure: "churn" one at a time, "hold" a
 * million out at a time, "churn_2_threads". Run bare, under the lab's preload library, and under
 * others, the differences are what they cost.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CALLS = 2000000, HELD = 1000000 };

static void *held[HELD];

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *churn(void *unused)
{
	for (size_t i = 0; i < CALLS; i++) {
		void *volatile p = malloc(16 + i % 512);

		free(p);
	}
	return unused;
}

static void hold(void)
{
	for (size_t i = 0; i < HELD; i++)
		held[i] = malloc(24 + i % 100);
	for (size_t i = 0; i < HELD; i++)
		free(held[i]);
}

static void churn_twice(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, churn, NULL))
		exit(1);
	churn(NULL);
	pthread_join(t, NULL);
}

int main(void)
{
	double start = now_ns();

	churn(NULL);
	printf("churn %.1f\n", (now_ns() - start) / CALLS);
	start = now_ns();
	hold();
	printf("hold %.1f\n", (now_ns() - start) / HELD);
	start = now_ns();
	churn_twice();
	printf("churn_2_threads %.1f\n", (now_ns() - start) / CALLS);
	return 0;
}
