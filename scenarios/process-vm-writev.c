/*
 * A parent writes 64 MiB into the untouched memory of its child by process_vm_writev(2), 1 MiB at a
 * time, in a 32 MiB cgroup with swap off. The child sleeps.
 *
 * The pages belong to the child, though it touches none. The parent's system call needs them, so
 * the parent invokes the OOM killer; the kernel chooses who has the most, and that is the child,
 * asleep. The parent gets no further, and ends with status 0.
 *
 * Expected: the child is killed (CONSTRAINT_MEMCG), the parent is not, oom_kill 1, peak 32 MiB
 * within 3 %.
 */
#include "scenario.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((noreturn)) void sleep_on(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static void write_into(pid_t pid, unsigned char *range)
{
	static char block[1 << 20];
	const struct iovec from = {block, sizeof(block)};

	for (uint64_t i = 0; i < MIB(64); i += sizeof(block)) {
		const struct iovec to = {range + i, sizeof(block)};

		if (process_vm_writev(pid, &from, 1, &to, 1, 0) <= 0)
			return;
	}
}

static void fill_the_child(struct scenario_env *env)
{
	unsigned char *range =
		mmap(NULL, MIB(64), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (range == MAP_FAILED)
		scenario_refused(env, "mmap", MIB(64), errno);
	pid = fork();
	if (pid < 0)
		scenario_refused(env, "fork", 0, errno);
	if (!pid)
		sleep_on();
	write_into(pid, range);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

const struct scenario scenario = {
	.name = "process-vm-writev",
	.group = "processes",
	.summary = "a process fills the memory of another that sleeps: the sleeper is killed",
	.lesson = "Who invokes the OOM killer and who is killed are two questions: the page is "
		  "its owner's, whoever has it filled. The victim did nothing.",
	.run = fill_the_child,
	.cgroup = {.memory_max = BYTES(MIB(32)), .memory_swap_max = BYTES(0)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.timeout_sec = 60,
	.ceiling_bytes = MIB(68),
	.expect =
		{
			.outcome = OUTCOME_CHILD_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_CHILD,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(32), 3),
		},
};
