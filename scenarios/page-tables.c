/*
 * One byte in each 2 MiB of a 12 GiB mapping is read, never written, without huge pages, in a 16 MiB
 * cgroup with swap off.
 *
 * A read of memory that was never written maps the kernel's one page of zeroes, which nobody is
 * charged for. But each read is in another 2 MiB, and needs a page table of its own: 4 KiB each. At
 * about 8 GiB the page tables alone reach the limit; RSS is still next to nothing.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 16 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>

static void read_sparsely(struct scenario_env *env)
{
	unsigned char *range = mmap(NULL, GIB(12), PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (range == MAP_FAILED)
		scenario_refused(env, "mmap", GIB(12), errno);
	madvise(range, GIB(12), MADV_NOHUGEPAGE);
	for (uint64_t i = 0; i < GIB(12); i += MIB(2))
		(void)*(const volatile unsigned char *)(range + i);
}

const struct scenario scenario = {
	.name = "page-tables",
	.group = "kernel",
	.summary =
		"1 byte per 2 MiB of 12 GiB read: killed under 16 MiB, for its page tables alone",
	.lesson = "Page tables are charged, too: 4 KiB for each 2 MiB that anything is touched in. "
		  "Sparse use of a huge address space can cost more tables than data.",
	.run = read_sparsely,
	.cgroup = {.memory_max = BYTES(MIB(16)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(26),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(16), 3),
		},
};
