/*
 * floor_init: PID 1 of the bare guest that the `vm` place is measured against. The least that
 * still does the job: cgroup v2, a 512 MiB limit, malloc and memset of 2 GiB in a child, wait for
 * the kill, power off. Prints on the console what became of the child.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

int main(void)
{
	size_t size = (size_t)2 << 30;
	int status = 0;
	pid_t pid;

	mkdir("/cg", 0755);
	if (mount("cgroup2", "/cg", "cgroup2", 0, NULL) < 0)
		perror("mount");
	put("/cg/cgroup.subtree_control", "+memory");
	mkdir("/cg/t", 0755);
	put("/cg/t/memory.max", "536870912");
	put("/cg/t/memory.swap.max", "0");
	pid = fork();
	if (pid == 0) {
		char *p;

		put("/cg/t/cgroup.procs", "0");
		p = malloc(size);
		if (p)
			memset(p, 1, size);
		__asm__ volatile("" : : "r"(p) : "memory"); /* or it would be left out */
		_exit(p ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	rmdir("/cg/t");
	printf("floor: %s %d\n", WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	fflush(stdout);
	reboot(RB_AUTOBOOT);
	return 1;
}
