/*
 * Reserve, commit, touch as three steps, as VirtualAlloc() does with MEM_RESERVE and MEM_COMMIT:
 * 2 GiB reserved inaccessible, 1 GiB of it committed in 16 pieces of 64 MiB, 4 MiB of each piece
 * touched, in a 512 MiB cgroup with swap off.
 *
 * Twice the limit is committed and nothing happens: Linux charges at the touch only, 64 MiB in all.
 * Windows differs in the middle: there MEM_COMMIT is charged to the commit limit and can fail, so
 * that a touch cannot. On Linux a commit comes near to that only under vm.overcommit_memory 2.
 *
 * Expected: survives, oom_kill 0, reserved 2 GiB, committed 1 GiB, touched 64 MiB, peak 64..80 MiB.
 */
#include "arena.h"
#include "scenario.h"

#include <errno.h>

static void commit_and_touch(struct scenario_env *env, struct arena *arena)
{
	for (int i = 0; i < 16; i++) {
		void *piece = arena_push(arena, MIB(64), 4096); /* commits: adds no RSS */

		if (!piece)
			scenario_refused(env, "commit", MIB(64), errno);
		arena_touch(arena, piece, MIB(4)); /* adds RSS: the charge */
	}
}

static void step_by_step(struct scenario_env *env)
{
	struct arena arena;
	const int status = arena_init(&arena, &(struct arena_config){
						      .name = "reserved range",
						      .size = GIB(2),
						      .policy = ARENA_CLEAR_ON_ALLOCATION,
						      .source = ARENA_SOURCE_RESERVE,
						      .commit_step = MIB(64),
					      });

	if (status < 0)
		scenario_refused(env, "reserve", GIB(2), -status);
	scenario_checkpoint(env, "after reserve");
	commit_and_touch(env, &arena);
	scenario_checkpoint(env, "after touch");
	arena_destroy(&arena);
}

const struct scenario scenario = {
	.name = "reserve-commit-2g",
	.group = "arenas",
	.summary = "2 GiB reserved, 1 GiB committed, 64 MiB touched: survives under 512 MiB",
	.lesson =
		"Neither reserving nor committing is charged to a cgroup; touching is. Windows "
		"charges "
		"MEM_COMMIT to its commit limit and refuses there; Linux lets the commit pass and "
		"kills at the touch.",
	.twin = "memset-2g",
	.run = step_by_step,
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
