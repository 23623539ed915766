/*
 * A pipeline of a shell: head(1) sends 64 MiB without a newline, and sort(1) keeps the one line to sort it. The
 * shell outlives it, and its own exit status is that of the last command: 137.
 *
 * Expected: child_oom_killed, "sort" killed once.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	static const char *const argv[] = {
		"sh", "-c", "head -c 67108864 /dev/zero | sort >/dev/null; exit $?", NULL};

	(void)env;
	scenario_exec(argv);
}

const struct scenario scenario = {
	.name = "sort-pipeline",
	.group = "programs",
	.summary = "a shell pipeline whose sort keeps one line of 64 MiB: the sort is killed",
	.lesson = "137 of a shell is what a command of it died of.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){"sh", "head", "sort", NULL},
	.install = "apt-get install coreutils",
	.timeout_sec = 600,
	.ceiling_bytes = MIB(256),
	.expect = {.outcome = OUTCOME_CHILD_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_CHILD,
		   .oom_kill = EXACTLY(1),
		   .victims = (const struct expect_victim[]){{"sort", EXACTLY(1)},
							     {"sh", EXACTLY(0)},
							     {0}}},
};
