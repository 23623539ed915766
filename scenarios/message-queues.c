/*
 * Messages are put into System V message queues and not received, up to 32 MiB of them, in a 16 MiB
 * cgroup with swap off. The queues are in an IPC namespace of this process and go with it.
 *
 * A message waits in memory of the kernel's, charged to the sender. Each queue holds 16 KiB
 * (kernel.msgmnb); it takes a thousand of them.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 16 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#define QUEUES	 2048
#define MESSAGES 2 /* of 8 KiB: kernel.msgmax */

static struct message {
	long type;
	char text[8 << 10];
} message = {.type = 1};

static void fill_queue(struct scenario_env *env)
{
	const int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);

	if (id < 0)
		scenario_refused(env, "msgget", 0, errno);
	for (int i = 0; i < MESSAGES; i++)
		if (msgsnd(id, &message, sizeof(message.text), IPC_NOWAIT) < 0)
			scenario_refused(env, "msgsnd", sizeof(message.text), errno);
}

static void fill_queues(struct scenario_env *env)
{
	if (unshare(CLONE_NEWIPC) < 0) {
		perror("unshare");
		exit(1);
	}
	for (int i = 0; i < QUEUES; i++)
		fill_queue(env);
}

const struct scenario scenario = {
	.name = "message-queues",
	.group = "kernel",
	.summary = "System V message queues filled and not read: killed under 16 MiB",
	.lesson =
		"Messages that nobody receives are charged to who sent them. Queues outlive their "
		"processes: outside of a namespace of its own the kill would have freed nothing.",
	.run = fill_queues,
	.cgroup = {.memory_max = BYTES(MIB(16)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(34),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(16), 3),
		},
};
