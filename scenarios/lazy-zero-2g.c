/*
 * The cure: the same 2 GiB arena by malloc(), in the same 512 MiB cgroup, cleared on allocation.
 * The program then takes and uses 64 MiB of it, one MiB at a time.
 *
 * Only what is handed out is cleared, so only that is charged. The other 1984 MiB stay address
 * space.
 *
 * Expected: survives, oom_kill 0, peak 64..80 MiB, reserved 2 GiB, used 64 MiB.
 */
#include "arena.h"
#include "scenario.h"

#include <errno.h>
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

static void clear_as_handed_out(struct scenario_env *env)
{
	struct arena arena;
	const int status = arena_init(&arena, &(struct arena_config){
						      .name = "game memory",
						      .size = GIB(2),
						      .policy = ARENA_CLEAR_ON_ALLOCATION,
						      .source = ARENA_SOURCE_MALLOC,
					      });

	if (status < 0)
		scenario_refused(env, "malloc", GIB(2), -status);
	scenario_checkpoint(env, "after init");
	use_some_of_it(env, &arena);
	scenario_checkpoint(env, "after use");
	arena_destroy(&arena);
}

const struct scenario scenario = {
	.name = "lazy-zero-2g",
	.group = "arenas",
	.summary = "the same 2 GiB arena cleared as it is handed out: survives under 512 MiB",
	.lesson = "The size of an arena costs address space only. Cleared on allocation, it is "
		  "charged "
		  "for what is used: 64 MiB of 2 GiB.",
	.twin = "memset-2g",
	.run = clear_as_handed_out,
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
			.vsz_bytes = {.is_set = true, .min = GIB(2), .max = GIB(2) + MIB(16)},
			.rss_bytes = {.is_set = true, .min = MIB(64), .max = MIB(80)},
		},
};
