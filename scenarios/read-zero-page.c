/*
 * 2 GiB of anonymous memory are read through and never written, in a 32 MiB cgroup with swap off,
 * with transparent huge pages always on.
 *
 * A read of a page that was never written maps the kernel's one page of zeroes, here its huge one
 * of 2 MiB. Nobody is charged for that page; the page tables that point to it are charged, 4 KiB
 * for each 2 MiB.
 *
 * Expected: survives, oom_kill 0, peak 4..8 MiB, VSZ 2 GiB, RSS at most 8 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>

static void read_all(struct scenario_env *env)
{
	const volatile unsigned char *range = mmap(NULL, GIB(2), PROT_READ | PROT_WRITE,
						   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
						   0);

	if (range == MAP_FAILED)
		scenario_refused(env, "mmap", GIB(2), errno);
	for (uint64_t i = 0; i < GIB(2); i += KIB(4))
		(void)range[i];
	scenario_checkpoint(env, "after reading");
}

const struct scenario scenario = {
	.name = "read-zero-page",
	.group = "anonymous",
	.summary = "2 GiB of anonymous memory read, never written: survives under 32 MiB",
	.lesson = "Reading memory that was never written costs page tables only: all of it is the "
		  "kernel's one page of zeroes. The charge comes with the first write.",
	.run = read_all,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.vm = {.thp = THP_ALWAYS},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(8),
	.expect =
		{
			.outcome = OUTCOME_SURVIVED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(4), .max = MIB(8)},
			.vsz_bytes = {.is_set = true, .min = GIB(2), .max = GIB(2) + MIB(16)},
			.rss_bytes = AT_MOST(MIB(8)),
		},
};
