/*
 * The leak of touch-growth, 1 MiB at a time and each page written, under RLIMIT_AS 24 MiB, in a
 * 32 MiB cgroup with swap off.
 *
 * RLIMIT_AS bounds the address space of the process. It is checked when memory is asked for, not
 * when it is touched: malloc() returns NULL with ENOMEM, the program can say so, and the memory
 * limit is never reached.
 *
 * Expected: refused, ENOMEM for 1 MiB, oom_kill 0, peak 16..24 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

static void grow(struct scenario_env *env)
{
	const struct rlimit address_space = {MIB(24), MIB(24)};

	if (setrlimit(RLIMIT_AS, &address_space) < 0)
		exit(1);
	for (int i = 0; i < 64; i++) {
		void *block = malloc(MIB(1));

		if (!block)
			scenario_refused(env, "malloc", MIB(1), errno);
		scenario_touch(block, MIB(1));
	}
}

const struct scenario scenario = {
	.name = "rlimit-as",
	.group = "no-kill",
	.summary = "the same leak under RLIMIT_AS 24 MiB: malloc says no, and nobody dies",
	.lesson = "RLIMIT_AS turns a kill into an error that the program can handle. It counts "
		  "address space, so that untouched reservations count, too.",
	.twin = "touch-growth",
	.run = grow,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(28),
	.expect =
		{
			.outcome = OUTCOME_REFUSED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(16), .max = MIB(24)},
		},
};
