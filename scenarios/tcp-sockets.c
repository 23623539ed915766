/*
 * TCP connections over loopback are made; one end of each is filled and the other never read, up to
 * 64 MiB in all, in a 32 MiB cgroup with swap off. They are in a network namespace of this process.
 *
 * (Cgroup v1 counts buffers of TCP apart from memory.limit_in_bytes, so that it is for v2.)
 *
 * What was sent and not yet read is in buffers of the kernel's, charged to the cgroup of the sockets
 * and told as `sock` in memory.stat, not as memory of a process. The victim has hardly any RSS.
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 64
#define BYTES_EACH  MIB(1) /* at most */

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

static void enter_own_network(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	must(unshare(CLONE_NEWNET), "unshare");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(fd, "socket");
	must(ioctl(fd, SIOCSIFFLAGS, &lo), "lo");
	close(fd);
}

static int listen_somewhere(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	must(fd, "socket");
	must(bind(fd, (struct sockaddr *)address, length), "bind");
	must(listen(fd, CONNECTIONS), "listen");
	must(getsockname(fd, (struct sockaddr *)address, &length), "getsockname");
	return fd;
}

static void fill(int fd)
{
	static const char block[64 << 10];

	for (uint64_t sent = 0; sent < BYTES_EACH; sent += sizeof(block))
		if (send(fd, block, sizeof(block), MSG_DONTWAIT) <= 0)
			return;
}

static void fill_connections(struct scenario_env *env)
{
	struct sockaddr_in address;
	int listener;

	(void)env;
	enter_own_network();
	listener = listen_somewhere(&address);
	for (int i = 0; i < CONNECTIONS; i++) {
		const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		must(fd, "socket");
		must(connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect");
		must(accept4(listener, NULL, NULL, SOCK_CLOEXEC), "accept");
		fill(fd);
	}
}

const struct scenario scenario = {
	.name = "tcp-sockets",
	.group = "kernel",
	.summary = "TCP connections filled and not read: killed under 32 MiB, with hardly any RSS",
	.lesson = "Socket buffers are memory of the cgroup. A reader that lags, times the number "
		  "of its connections, can get the process killed with hardly any RSS.",
	.run = fill_connections,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_MEMCG_V2, NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(68),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(32), 3),
		},
};
