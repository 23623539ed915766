/*
 * floor_cgroup N COMMAND [ARGS...]: what a limited run costs at the least. N times: mkdir a memory
 * cgroup, write the limit, fork, join, exec, wait, rmdir. Prints microseconds a run.
 *
 * The floor that `oomlab run` is measured against, a program against a program: started anew for
 * each run (N is 1), statically linked, nothing watched and nothing told. cgroup v1 or v2,
 * whichever has the memory controller, found as simply as possible. Needs root.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void put(const char *dir, const char *file, const char *text)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		perror(path);
		_exit(1);
	}
	close(fd);
}

static void once(const char *dir, const char *limit_file, char **argv)
{
	pid_t pid;

	if (mkdir(dir, 0755) < 0) {
		perror(dir);
		exit(1);
	}
	put(dir, limit_file, "67108864");
	pid = fork();
	if (pid == 0) {
		put(dir, "cgroup.procs", "0");
		execvp(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	while (rmdir(dir) < 0)
		;
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[1]) : 0, v1 = !access("/sys/fs/cgroup/memory", F_OK);
	char dir[128];
	struct timespec a, b;

	if (n <= 0)
		return 2;
	snprintf(dir, sizeof(dir), "/sys/fs/cgroup/%sfloor-%d", v1 ? "memory/" : "", (int)getpid());
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < n; i++)
		once(dir, v1 ? "memory.limit_in_bytes" : "memory.max", argv + 2);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%.1f\n",
	       ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / 1e3 / n);
	return 0;
}
