/*
 * Every second page of a reserved range is made readable by mprotect(2), in an 8 MiB cgroup with
 * swap off. No page is touched.
 *
 * Neighbouring pages with different rights are mappings of their own, each described by a
 * vm_area_struct in the kernel (about 200 bytes, and its place in a tree). The kernel allows 65530
 * mappings (vm.max_map_count); they cost more than the limit.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 8 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>

#define MAPPINGS 65000
#define PAGE	 KIB(4)

static void make_confetti(struct scenario_env *env)
{
	unsigned char *range = mmap(NULL, MAPPINGS * PAGE, PROT_NONE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (range == MAP_FAILED)
		scenario_refused(env, "mmap", MAPPINGS * PAGE, errno);
	for (uint64_t i = 0; i < MAPPINGS; i += 2)
		if (mprotect(range + i * PAGE, PAGE, PROT_READ) < 0)
			scenario_refused(env, "mprotect", PAGE, errno);
}

const struct scenario scenario = {
	.name = "many-vmas",
	.group = "kernel",
	.summary = "65,000 mappings and not a page touched: killed under 8 MiB",
	.lesson = "Each mapping costs the kernel some hundred bytes, charged to the process that "
		  "makes it. Guard pages and JITs that split mappings pay for each piece.",
	.run = make_confetti,
	.cgroup = {.memory_max = BYTES(MIB(8)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(24),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(8), 3),
		},
};
