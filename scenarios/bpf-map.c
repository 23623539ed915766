/*
 * A BPF map of 64 MiB is asked for, in a 32 MiB cgroup with swap off.
 *
 * The memory of a map is charged to who makes it. But the kernel asks for it in a way that may fail:
 * at the limit bpf(2) says ENOMEM, and nobody is killed. What it had got by then is given back.
 *
 * Expected: refused, ENOMEM for 64 MiB, oom_kill 0, peak 31..33 MiB: the limit was met.
 */
#include "scenario.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

static void make_map(struct scenario_env *env)
{
	const union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 4096,
		.max_entries = MIB(64) / 4096,
	};

	if (syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map)) < 0)
		scenario_refused(env, "bpf(BPF_MAP_CREATE)", MIB(64), errno);
	scenario_checkpoint(env, "with the map");
}

const struct scenario scenario = {
	.name = "bpf-map",
	.group = "no-kill",
	.summary = "a BPF map larger than the limit: ENOMEM, no kill",
	.lesson = "Some large allocations of the kernel may fail: the caller gets ENOMEM from the "
		  "system call instead of a kill.",
	.run = make_map,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(66),
	.expect =
		{
			.outcome = OUTCOME_REFUSED,
			.victim = VICTIM_NOBODY,
			.oom_kill = EXACTLY(0),
			.peak_bytes = WITHIN_PCT(MIB(32), 3),
		},
};
