/*
 * nodes.c - brings an OOM about in ways that are not the limit of its own cgroup: by cpusets,
 * memory policies, cgroups beside its own, the whole machine. Root of a guest with NUMA nodes runs
 * it.
 *
 *	nodes bind MIB          a child bound to node 1 (mbind's policy) touches MIB
 *	nodes cpuset MIB        a child in a cpuset of node 1, made beside the run's cgroup, does
 *	nodes both MIB LIMIT    the same where the cpuset's cgroup has memory.max LIMIT, in MiB
 *	nodes limit MIB LIMIT [mlock]   a child in a cgroup beside the run's, of that limit
 *	nodes all MIB           a child without any of these
 *
 * Each forks the child, waits for it, and ends with 0 if the child was killed by SIGKILL, else 1.
 * It prints "child PID".
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOT  "/sys/fs/cgroup"
#define GROUP ROOT "/nodes"

static void put(const char *dir, const char *file, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0) {
		fprintf(stderr, "nodes: %s %s: %s\n", path, value, strerror(errno));
		exit(2);
	}
	close(fd);
}

static void make_group(int has_cpuset, const char *limit_mib)
{
	char limit[32];

	mkdir(GROUP, 0755);
	if (has_cpuset)
		put(GROUP, "cpuset.mems", "1");
	if (!limit_mib)
		return;
	snprintf(limit, sizeof(limit), "%sM", limit_mib);
	put(GROUP, "memory.max", limit);
	put(GROUP, "memory.swap.max", "0");
}

/* In one mapping, for huge pages; not reserved, since a request of more than all RAM is refused. */
static void touch(size_t mib, int locks)
{
	char *p = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		_exit(3);
	for (size_t i = 0; i < mib; i++) {
		memset(p + (i << 20), 0x5a, 1 << 20);
		if (locks)
			mlock(p + (i << 20), 1 << 20);
	}
	_exit(0);
}

static void child(const char *mode, size_t mib, int in_group, int locks)
{
	unsigned long node_1 = 2;

	if (in_group)
		put(GROUP, "cgroup.procs", "0");
	if (!strcmp(mode, "bind") &&
	    syscall(SYS_set_mempolicy, MPOL_BIND, &node_1, 8 * sizeof(node_1)) < 0) {
		perror("nodes: set_mempolicy");
		_exit(2);
	}
	touch(mib, locks);
}

int main(int argc, char **argv)
{
	int in_group, status = 0;
	pid_t pid;

	if (argc < 3)
		return 2;
	in_group = strcmp(argv[1], "bind") && strcmp(argv[1], "all");
	if (in_group)
		make_group(strcmp(argv[1], "limit") != 0, argc > 3 ? argv[3] : NULL);
	pid = fork();
	if (pid == 0)
		child(argv[1], strtoul(argv[2], NULL, 10), in_group, argc > 4);
	if (pid < 0)
		return 2;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	printf("child %d\n", (int)pid);
	if (in_group)
		rmdir(GROUP);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : 1;
}
