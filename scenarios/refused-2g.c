/*
 * The answer one might have expected from malloc() in the first place: memset-2g on a kernel that
 * does not overcommit (vm.overcommit_memory 2, ratio 50) with 3 GiB of RAM and no swap.
 *
 * CommitLimit is 1.5 GiB, so 2 GiB cannot be promised: malloc() returns NULL with ENOMEM. Nothing
 * is touched, no memory event is counted, no line appears in the kernel log.
 *
 * Expected: refused, ENOMEM for 2 GiB, oom_kill 0, peak at most 16 MiB.
 */
#include "arena.h"
#include "scenario.h"

#include <errno.h>

static void ask_for_too_much(struct scenario_env *env)
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
	.name = "refused-2g",
	.group = "arenas",
	.summary = "without overcommit malloc() refuses the 2 GiB: ENOMEM, no kill",
	.lesson = "Whether malloc() says no is the kernel's overcommit policy, not malloc()'s. "
		  "Mode 2 "
		  "refuses what it cannot back; the default promises more and kills later.",
	.twin = "memset-2g",
	.run = ask_for_too_much,
	.cgroup = {.memory_max = BYTES(MIB(512)), .memory_swap_max = BYTES(0)},
	.vm = {.overcommit_memory = OVERCOMMIT_NEVER,
	       .overcommit_ratio = 50,
	       .ram_bytes = GIB(3),
	       .own_boot = true},
	.timeout_sec = 300,
	.ceiling_bytes = GIB(2) + MIB(8),
	.expect =
		{
			.outcome = OUTCOME_REFUSED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = AT_MOST(MIB(16)),
		},
};
