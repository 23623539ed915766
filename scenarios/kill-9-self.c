/*
 * The control for "137 means OOM": a process with 8 MiB sends itself SIGKILL, in a 32 MiB cgroup with
 * swap off.
 *
 * A shell, an engine or an init shows 137 (128 + 9) for it, as for an OOM kill. The kernel's counter
 * and log tell the two apart: memory.events oom_kill stays 0.
 *
 * Expected: signalled (SIGKILL), not by the OOM killer, oom_kill 0, peak 8..12 MiB.
 */
#include "scenario.h"

#include <signal.h>
#include <unistd.h>

static void kill_itself(struct scenario_env *env)
{
	(void)env;
	scenario_take(MIB(8));
	kill(getpid(), SIGKILL);
}

const struct scenario scenario = {
	.name = "kill-9-self",
	.group = "controls",
	.summary = "a process sends itself SIGKILL: exit status 137, and not an OOM kill",
	.lesson = "137 says SIGKILL, not who sent it. Only the kernel's counter or log makes it "
		  "an OOM kill.",
	.run = kill_itself,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(12),
	.expect =
		{
			.outcome = OUTCOME_SIGNALLED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = {.is_set = true, .min = MIB(8), .max = MIB(12)},
		},
};
