/*
 * The mistake this lab starts from: an arena allocator takes 2 GiB with malloc() and clears all of
 * it with memset() in its init function, in a 512 MiB cgroup with swap off.
 *
 * malloc() only reserves address space, so it succeeds at once. The memset() writes every page;
 * each first write is charged, and nothing of it can be reclaimed. The first charge past memory.max
 * makes the kernel kill the only candidate, this process, about a quarter of the way through.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 512 MiB within 3 %, reserved 2 GiB, cleared
 * about 496 of 2048 MiB, the line of the memset in src/arena.c, called from arena_init() below.
 */
#include "arena.h"
#include "scenario.h"

#include <errno.h>

static void clear_all_at_once(struct scenario_env *env)
{
	struct arena arena;
	const int status = arena_init(&arena, &(struct arena_config){
						      .name = "game memory",
						      .size = GIB(2),
						      .policy = ARENA_CLEAR_EAGERLY,
						      .source = ARENA_SOURCE_MALLOC,
					      });

	if (status < 0)
		scenario_refused(env, "malloc", GIB(2), -status);
	arena_destroy(&arena);
}

const struct scenario scenario = {
	.name = "memset-2g",
	.group = "arenas",
	.summary = "a 2 GiB arena cleared at once by its init function, under 512 MiB",
	.lesson =
		"malloc() reserved 2 GiB and charged nothing; the memset() charged page after page "
		"until the limit. Reserved is not touched: clear memory when it is handed out.",
	.twin = "lazy-zero-2g",
	.run = clear_all_at_once,
	.cgroup = {.memory_max = BYTES(MIB(512)), .memory_swap_max = BYTES(0)},
	.vm = {.ram_bytes = GIB(3)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 300,
	.ceiling_bytes = GIB(2) + MIB(8),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(512), 3),
		},
};
