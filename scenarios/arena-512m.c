/*
 * The workaround: the mistake of memset-2g with a smaller arena. 512 MiB by malloc(), all of it
 * cleared by the init function, in a 640 MiB cgroup with swap off.
 *
 * It survives because the arena happens to fit. All 512 MiB are charged before the first byte is
 * used; under a limit of 512 MiB, or with a larger arena, it is killed like its twin.
 *
 * Expected: survives, oom_kill 0, peak 512 MiB within 4 %, used 0.
 */
#include "arena.h"
#include "scenario.h"

#include <errno.h>

static void clear_a_smaller_one(struct scenario_env *env)
{
	struct arena arena;
	const int status = arena_init(&arena, &(struct arena_config){
						      .name = "game memory",
						      .size = MIB(512),
						      .policy = ARENA_CLEAR_EAGERLY,
						      .source = ARENA_SOURCE_MALLOC,
					      });

	if (status < 0)
		scenario_refused(env, "malloc", MIB(512), -status);
	scenario_checkpoint(env, "after init");
	arena_destroy(&arena);
}

const struct scenario scenario = {
	.name = "arena-512m",
	.group = "arenas",
	.summary = "the workaround: a 512 MiB arena cleared at once fits under 640 MiB",
	.lesson =
		"A smaller arena hides the mistake: it survives as long as it fits, and is charged "
		"in full before the first byte is used.",
	.twin = "memset-2g",
	.run = clear_a_smaller_one,
	.cgroup = {.memory_max = BYTES(MIB(640)), .memory_swap_max = BYTES(0)},
	.vm = {.ram_bytes = GIB(3)},
	.timeout_sec = 300,
	.ceiling_bytes = MIB(528),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = WITHIN_PCT(MIB(512), 4),
			.rss_bytes = WITHIN_PCT(MIB(512), 4),
		},
};
