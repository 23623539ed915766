/*
 * The other cure: the caller brings the memory. A 2 GiB buffer from malloc() is handed to the
 * arena, which neither takes nor clears it; what it hands out is cleared then. 64 MiB are used, in
 * a 512 MiB cgroup with swap off.
 *
 * Taking memory and initialising it are two decisions. Here the caller makes the first, so it can
 * be a static array, a huge page or a file mapping just as well.
 *
 * Expected: survives, oom_kill 0, peak 64..80 MiB, reserved 2 GiB (source: buffer), used 64 MiB.
 */
#include "arena.h"
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void use_some_of_it(struct scenario_env *env, struct arena *arena)
{
	for (unsigned int i = 0; i < 64; i++) {
		void *block = arena_push(arena, MIB(1), 64);

		if (!block)
			scenario_refused(env, "arena_push", MIB(1), errno);
		memset(block, (int)i, MIB(1));
	}
}

static void bring_the_buffer(struct scenario_env *env)
{
	struct arena arena;
	void *buffer = malloc(GIB(2));
	int status;

	if (!buffer)
		scenario_refused(env, "malloc", GIB(2), errno);
	status = arena_init(&arena, &(struct arena_config){
					    .name = "caller's buffer",
					    .size = GIB(2),
					    .policy = ARENA_CLEAR_ON_ALLOCATION,
					    .backing = buffer,
				    });
	if (status < 0)
		scenario_refused(env, "arena_init", GIB(2), -status);
	use_some_of_it(env, &arena);
	scenario_checkpoint(env, "after use");
	arena_destroy(&arena);
	free(buffer);
}

const struct scenario scenario = {
	.name = "backing-buffer-2g",
	.group = "arenas",
	.summary = "a 2 GiB buffer of the caller's handed to the arena: survives under 512 MiB",
	.lesson = "Taking memory and clearing it are two decisions. An arena over the caller's "
		  "buffer "
		  "makes neither behind the caller's back.",
	.twin = "memset-2g",
	.run = bring_the_buffer,
	.cgroup = {.memory_max = BYTES(MIB(512)), .memory_swap_max = BYTES(0)},
	.vm = {.ram_bytes = GIB(3)},
	.timeout_sec = 300,
	.ceiling_bytes = MIB(80),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(64), .max = MIB(80)},
		},
};
