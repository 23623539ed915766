/*
 * Pairs of connected AF_UNIX sockets are made; one end of each is filled and the other never read,
 * in a 32 MiB cgroup with swap off.
 *
 * What is sent and not yet received is in buffers of the kernel's, charged to the sender. Each pair
 * holds as much as its send buffer lets it (about 200 KiB), so that it takes some 150 pairs.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define PAIRS	   400
#define PAIR_BYTES KIB(160) /* at most */

static void fill(struct scenario_env *env, int fd)
{
	static const char block[16 << 10];

	for (uint64_t sent = 0; sent < PAIR_BYTES; sent += sizeof(block)) {
		if (send(fd, block, sizeof(block), MSG_DONTWAIT) > 0)
			continue;
		if (errno != EAGAIN)
			scenario_refused(env, "send", sizeof(block), errno);
		return;
	}
}

static void fill_sockets(struct scenario_env *env)
{
	const struct rlimit files = {2 * PAIRS + 32, 2 * PAIRS + 32};
	int ends[2];

	setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < PAIRS; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
			scenario_refused(env, "socketpair", 0, errno);
		fill(env, ends[0]);
	}
}

const struct scenario scenario = {
	.name = "unix-sockets",
	.group = "kernel",
	.summary = "AF_UNIX sockets filled and not read: killed under 32 MiB, with hardly any RSS",
	.lesson = "What was sent and not received is memory of the sender's cgroup. Many "
		  "connections times one send buffer is what they can cost.",
	.run = fill_sockets,
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
