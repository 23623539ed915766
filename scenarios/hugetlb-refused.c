/*
 * 8 MiB of huge pages are asked for by mmap(MAP_HUGETLB), a quarter of the limit of a 32 MiB cgroup,
 * on a kernel that has none set aside (vm.nr_hugepages 0).
 *
 * Huge pages of this kind come from a pool that is filled beforehand. mmap(2) reserves from it, and
 * says ENOMEM where it is empty, whatever other memory is free. memory.max is not asked.
 *
 * Expected: refused, ENOMEM for 8 MiB, oom_kill 0, peak at most 4 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>

static void ask_for_huge_pages(struct scenario_env *env)
{
	void *range = mmap(NULL, MIB(8), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (range == MAP_FAILED)
		scenario_refused(env, "mmap(MAP_HUGETLB)", MIB(8), errno);
	scenario_touch(range, MIB(8));
}

const struct scenario scenario = {
	.name = "hugetlb-refused",
	.group = "no-kill",
	.summary = "huge pages asked for by MAP_HUGETLB where none are set aside: ENOMEM, no kill",
	.lesson = "MAP_HUGETLB takes from a pool of its own, which is empty unless somebody "
		  "filled it. ENOMEM of it says nothing about free memory or the cgroup's limit.",
	.run = ask_for_huge_pages,
	.vm = {.ram_bytes = MIB(512)},
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(8),
	.expect =
		{
			.outcome = OUTCOME_REFUSED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = AT_MOST(MIB(4)),
		},
};
