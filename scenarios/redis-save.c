/*
 * Redis holds 30 MiB of keys under a limit of 48 MiB and saves them: a child that fork(2) made writes
 * what was there at that moment. Each page that the server writes meanwhile is copied, and the copies are
 * what the limit is met with. (rdb-key-save-delay keeps the child busy, as a slow disk would.)
 *
 * Expected: a redis-server is killed while it saves; the one that had the fewer pages may be spared.
 */
#include "scenario.h"

static void run(struct scenario_env *env)
{
	static const char *const argv[] = {
		"sh", "-c",
		"d=$(mktemp -d); trap 'rm -r $d' EXIT; "
		"redis-server --port 0 --unixsocket $d/s --save \"\" >/dev/null & "
		"until redis-cli -s $d/s ping >/dev/null 2>&1; do :; done; "
		"redis-cli -s $d/s eval \"for i=1,30 do redis.call('set',i,string.rep('x',1048576)) end\" 0 >/dev/null; "
		"redis-cli -s $d/s config set rdb-key-save-delay 10000000 >/dev/null; "
		"redis-cli -s $d/s bgsave >/dev/null; "
		"redis-cli -s $d/s eval \"for i=1,30 do redis.call('setrange',i,0,string.rep('y',1048576)) end\" 0 >/dev/null 2>&1; "
		"redis-cli -s $d/s shutdown nosave >/dev/null 2>&1; wait $!",
		NULL};

	(void)env;
	scenario_exec(argv);
}

const struct scenario scenario = {
	.name = "redis-save",
	.group = "programs",
	.summary =
		"a Redis that fits is saved while its keys change: the copies are what is killed for",
	.lesson =
		"A save forks, and what changes meanwhile exists twice: leave room for it, or save where nothing is written.",
	.run = run,
	.cgroup = {.memory_max = BYTES(MIB(48)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){"sh", "redis-server", "redis-cli", NULL},
	.install = "apt-get install redis-server",
	.timeout_sec = 600,
	.ceiling_bytes = MIB(512),
	.expect = {.outcome = OUTCOME_CHILD_OOM_KILLED,
		   .constraint = CONSTRAINT_MEMCG,
		   .victim = VICTIM_CHILD,
		   .victims = (const struct expect_victim[]){{"redis-server", AT_LEAST(1)},
							     {"sh", EXACTLY(0)},
							     {0}}},
};
