/*
 * The Windows program that the story ends with, run by Wine under 512 MiB with swap off: it reserves
 * 2 GiB with VirtualAlloc(MEM_RESERVE), commits 1 GiB of it with MEM_COMMIT, touches 64 MiB, then all
 * that it committed. It waits at each step, and what ps shows there is recorded.
 *
 * Under Wine both calls of VirtualAlloc() are mmap(2) and mprotect(2): they take address space and no
 * memory, as malloc() does. The touch is charged, and the kernel kills the process about 430 MiB
 * into it, as Wine itself takes some 70 MiB. On Windows itself MEM_COMMIT is where this ends: it is
 * charged against RAM and page file at once, VirtualAlloc() returns NULL when that is used up, and no
 * process is killed for another's memory.
 *
 * Expected: killed (CONSTRAINT_MEMCG), peak 512 MiB within 3 %; at "touched" VSZ above 2 GiB and RSS
 * 64 to 128 MiB, against 2 to 64 MiB less at "reserved" and "committed".
 */
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WINE  "/usr/lib/wine/wine64"
#define FILES "../windows/"

/* The path of a file that is beside this program's folder; never freed. */
static char *beside(const char *name)
{
	char self[4096], *path, *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return NULL;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (asprintf(&path, "%.*s/%s", (int)(slash - self), self, name) < 0)
		return NULL;
	return path;
}

/* Lets the program go on from each step once it has been looked at. */
static void follow(struct scenario_env *env, FILE *steps, int answers)
{
	char step[64];

	while (fgets(step, sizeof(step), steps)) {
		step[strcspn(step, "\r\n")] = '\0';
		scenario_checkpoint(env, step);
		if (write(answers, "\n", 1) < 0)
			break;
	}
	_exit(0);
}

/* This process becomes the Windows program, so that it is the one that is looked at. */
static void run_windows_program(struct scenario_env *env)
{
	char *program = beside(FILES "virtualalloc.exe"), *prefix = beside(FILES "prefix");
	char wine[] = WINE, *argv[] = {wine, program, NULL};
	int steps[2], answers[2];

	if (!program || !prefix || pipe(steps) < 0 || pipe(answers) < 0)
		exit(3);
	if (fork() == 0) {
		close(steps[1]);
		close(answers[0]);
		follow(env, fdopen(steps[0], "r"), answers[1]);
	}
	close(steps[0]);
	close(answers[1]);
	dup2(answers[0], STDIN_FILENO);
	dup2(steps[1], STDOUT_FILENO);
	close(answers[0]);
	close(steps[1]);
	setenv("WINEPREFIX", prefix, 1);
	setenv("WINEDEBUG", "-all", 1);
	execv(WINE, argv);
	exit(3);
}

const struct scenario scenario = {
	.name = "virtualalloc-2g",
	.group = "windows",
	.summary =
		"a Windows program under Wine: reserves 2 GiB, commits 1 GiB, is killed at the touch",
	.lesson =
		"Under Wine MEM_RESERVE and MEM_COMMIT both cost nothing, and the touch brings the "
		"kill. On Windows itself MEM_COMMIT is charged against RAM and page file, and fails "
		"when they are used up; there is no OOM killer.",
	.twin = "reserve-commit-2g",
	.run = run_windows_program,
	.cgroup = {.memory_max = BYTES(MIB(512)), .memory_swap_max = BYTES(0)},
	.vm = {.ram_bytes = GIB(3)},
	.needs = (const enum need[]){NEED_KMSG, NEED_END},
	.host_files = (const char *const[]){WINE, FILES "virtualalloc.exe",
					    FILES "prefix/system.reg", NULL},
	.install = "make deps-windows",
	.timeout_sec = 600,
	.ceiling_bytes = GIB(1) + MIB(512),
	.expect =
		{
			.outcome = OUTCOME_OOM_KILLED,
			.constraint = CONSTRAINT_MEMCG,
			.victim = VICTIM_SELF,
			.oom_kill = EXACTLY(1),
			.peak_bytes = WITHIN_PCT(MIB(512), 3),
			.vsz_bytes = AT_LEAST(GIB(2)),
			.rss_bytes = {.is_set = true, .min = MIB(64), .max = MIB(128)},
		},
};
