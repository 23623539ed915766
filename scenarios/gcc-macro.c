/*
 * The C compiler expands a macro into 4 million additions. It is cc1 that grows, a process that gcc starts; gcc
 * itself says what became of it and exits with 1.
 *
 * Expected: child_oom_killed, "cc1" killed once, gcc spared.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	static const char *const argv[] = {
		"sh", "-c",
		"printf '#define A(x) x+x+x+x+x+x+x+x\\n#define B(x) A(A(A(x)))\\nint f(int i) { return B(B(A(i))); }\\n' >/tmp/big.c && exec gcc -c -o /tmp/big.o /tmp/big.c",
		NULL};

	(void)env;
	scenario_exec(argv);
}

const struct scenario scenario = {
	.name = "gcc-macro",
	.group = "programs",
	.summary = "gcc and a macro of two million additions: its cc1 is killed under 96 MiB",
	.lesson = "gcc is a driver: what needs the memory is a process that it starts.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(96)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){"gcc", "sh", NULL},
	.install = "apt-get install gcc",
	.timeout_sec = 600,
	.ceiling_bytes = MIB(256),
	.expect = {.outcome = OUTCOME_CHILD_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_CHILD,
		   .oom_kill = EXACTLY(1),
		   .victims = (const struct expect_victim[]){{"cc1", EXACTLY(1)},
							     {"gcc", EXACTLY(0)},
							     {0}}},
};
