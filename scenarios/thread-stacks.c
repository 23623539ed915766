/*
 * Threads are started that touch nothing and wait, up to 2000, in a 16 MiB cgroup with swap off.
 *
 * malloc() has no part in it. A thread costs a stack in the kernel (16 KiB), the kernel's own record
 * of it, and the pages of its stack that it writes by just starting. pthread_create(3) succeeds until
 * the limit, and there the process is killed.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 16 MiB within 3 %.
 */
#include "scenario.h"

#include <pthread.h>
#include <unistd.h>

#define THREADS 2000

static void *wait_for_the_end(void *unused)
{
	(void)unused;
	pause();
	return NULL;
}

static void start_threads(struct scenario_env *env)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, KIB(64));
	for (int i = 0; i < THREADS; i++) {
		pthread_t thread;
		const int error = pthread_create(&thread, &attributes, wait_for_the_end, NULL);

		if (error)
			scenario_refused(env, "pthread_create", KIB(64), error);
	}
}

const struct scenario scenario = {
	.name = "thread-stacks",
	.group = "processes",
	.summary = "threads that only wait: killed under 16 MiB, for their stacks",
	.lesson = "A thread costs tens of KiB before it does anything, most of it in the kernel, "
		  "where no RSS shows it. A thread for each connection is a memory limit, too.",
	.run = start_threads,
	.cgroup = {.memory_max = BYTES(MIB(16)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(80),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(16), 3),
		},
};
