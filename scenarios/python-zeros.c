/*
 * Python makes a bytes object of 64 MiB zeros: calloc(3), of which nothing is written. (A bytearray(n) is
 * cleared with memset(3) all the same.)
 *
 * Expected: survived, oom_kill 0.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	static const char *const argv[] = {"/usr/bin/python3", "-S", "-c", "x = bytes(64 << 20)",
					   NULL};

	(void)env;
	scenario_exec(argv);
}

const struct scenario scenario = {
	.name = "python-zeros",
	.group = "programs",
	.summary = "bytes(64 << 20) in Python: survives under 48 MiB, untouched",
	.lesson = "Zeros that nobody reads or writes are address space.",
	.twin = "python-bytes",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(48)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){"/usr/bin/python3", NULL},
	.install = "apt-get install python3",
	.timeout_sec = 600,
	.ceiling_bytes = MIB(256),
	.expect = {.outcome = OUTCOME_SURVIVED,
		   .victim = VICTIM_NOBODY,
		   .oom_kill = EXACTLY(0),
		   .peak_bytes = AT_MOST(MIB(40))},
};
