/*
 * read(2) of 64 MiB from /dev/zero into a buffer that was mapped and never touched, in a 32 MiB
 * cgroup with swap off.
 *
 * The program writes none of the buffer: the kernel does, on its behalf, and each page it fills is
 * charged as if the program had touched it. It is killed inside of read(2).
 *
 * Expected: killed (CONSTRAINT_MEMCG), oom_kill 1, peak 32 MiB within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void fill(int fd, unsigned char *buffer, size_t bytes)
{
	size_t filled = 0;
	ssize_t got;

	while (filled < bytes && (got = read(fd, buffer + filled, bytes - filled)) > 0)
		filled += (size_t)got; /* a signal or a freeze makes a read short */
	if (filled < bytes) {
		perror("/dev/zero");
		exit(1);
	}
}

static void read_all(struct scenario_env *env)
{
	void *buffer =
		mmap(NULL, MIB(64), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buffer == MAP_FAILED)
		scenario_refused(env, "mmap", MIB(64), errno);
	fill(open("/dev/zero", O_RDONLY | O_CLOEXEC), buffer, MIB(64));
}

const struct scenario scenario = {
	.name = "read-into-buffer",
	.group = "anonymous",
	.summary = "read(2) fills a 64 MiB buffer: killed inside of read(2), under 32 MiB",
	.lesson = "A system call that fills a buffer touches it: memory is charged to who asked, "
		  "though no instruction of the program wrote it.",
	.run = read_all,
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
