/*
 * A System V shared memory segment of 64 MiB is attached and each page of it written, in a 32 MiB
 * cgroup with swap off. It is marked for removal first (IPC_RMID), so that it goes with the process.
 *
 * shmget(2) and shmat(2) charge nothing. The writes do, as shmem, to the cgroup of the first writer;
 * the victim's RSS is shmem-rss. Without IPC_RMID the segment would outlive the kill, still charged.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

static void write_segment(struct scenario_env *env)
{
	const int id = shmget(IPC_PRIVATE, MIB(64), IPC_CREAT | 0600);
	void *segment;

	if (id < 0)
		scenario_refused(env, "shmget", MIB(64), errno);
	segment = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	if (segment == MAP_FAILED) /* (void *)-1 */
		scenario_refused(env, "shmat", MIB(64), errno);
	scenario_touch(segment, MIB(64));
}

const struct scenario scenario = {
	.name = "sysv-shm",
	.group = "shared",
	.summary = "a 64 MiB System V segment attached and written: killed under 32 MiB",
	.lesson = "A shared segment is charged once, to the cgroup that touches it first, and not "
		  "to those who only use it. Remove it early, else it outlives its users.",
	.run = write_segment,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(66),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(32), 3),
		},
};
