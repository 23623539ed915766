/*
 * A write to a page that may not be written, in a 32 MiB cgroup with swap off.
 *
 * The page is mapped without any right, as a guard page is. The kernel answers the write with
 * SIGSEGV. Memory has no part in it, however full the cgroup is.
 *
 * Expected: signalled (SIGSEGV), oom_kill 0, peak at most 4 MiB.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>

static void touch_guard_page(struct scenario_env *env)
{
	void *page = mmap(NULL, KIB(4), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		scenario_refused(env, "mmap", KIB(4), errno);
	scenario_touch(page, 1);
}

const struct scenario scenario = {
	.name = "segfault",
	.group = "controls",
	.summary = "a write to a guard page: SIGSEGV, and not an OOM kill",
	.lesson = "The OOM killer sends SIGKILL and nothing else. SIGSEGV, SIGBUS and SIGABRT are "
		  "other stories.",
	.run = touch_guard_page,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(4),
	.expect =
		{
			.outcome = OUTCOME_SIGNALLED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = AT_MOST(MIB(4)),
		},
};
