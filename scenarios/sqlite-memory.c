/*
 * sqlite3 fills a table of a database in memory with text.
 *
 * Expected: killed (CONSTRAINT_MEMCG) under 32 MiB.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	static const char *const argv[] = {
		"sqlite3", ":memory:",
		"create table t(x); with recursive c(n) as (select 1 union all select n + 1 from c where n < 2000) "
		"insert into t select printf('%.65536c', 'x') from c",
		NULL};

	(void)env;
	scenario_exec(argv);
}

const struct scenario scenario = {
	.name = "sqlite-memory",
	.group = "programs",
	.summary = "a table of 125 MiB in a database in memory: sqlite3 is killed under 32 MiB",
	.lesson = "A database in memory is anonymous memory: there is no file that it could go to.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){"sqlite3", NULL},
	.install = "apt-get install sqlite3",
	.timeout_sec = 600,
	.ceiling_bytes = MIB(256),
	.expect = {.outcome = OUTCOME_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_SELF,
		   .oom_kill = EXACTLY(1)},
};
