/*
 * The leak of global-oom in a machine that is set to panic when memory runs out (vm.panic_on_oom is 1):
 * the kernel stops the whole machine and chooses nobody.
 *
 * Expected: panicked, and nobody was killed. What its cgroup counted is gone with the machine.
 */
#include "scenario.h"

#include <stdlib.h>

static void grow(uint64_t bytes)
{
	for (uint64_t done = 0; done < bytes; done += MIB(1)) {
		void *p = malloc(MIB(1));

		if (!p)
			exit(3);
		scenario_touch(p, MIB(1));
	}
}

static void run(struct scenario_env *env)
{
	scenario_set_kernel(env, "/proc/sys/vm/panic_on_oom", "1");
	grow(MIB(400));
}

const struct scenario scenario = {
	.name = "panic-on-oom",
	.group = "machine",
	.summary =
		"a machine that runs out with vm.panic_on_oom 1: the kernel stops, nobody is killed",
	.lesson =
		"vm.panic_on_oom makes running out of memory the end of the machine: what comes back "
		"after a reboot finds no kill in its log, only the panic in the console's.",
	.twin = "global-oom",
	.run = run,
	.vm = {.ram_bytes = MIB(256), .own_boot = true},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 120,
	.ceiling_bytes = MIB(400),
	.expect = {.outcome = OUTCOME_PANICKED},
};
