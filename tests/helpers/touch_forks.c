/*
 * touch_forks.c - memory of forked processes, by known lines, in known amounts, for the tests of
 * what is copied after a fork(2). All of small pages.
 *
 *	touch_forks children COUNT NEW SHARED
 *	                      touches 8 MiB by by_loop(); then COUNT children, one after the other,
 *	                      of which each touches NEW MiB of its own by by_memset() and writes to
 *	                      SHARED MiB of those that it was forked with by by_child()
 *	touch_forks both      touches 32 MiB by by_loop(); a child writes to 16 MiB of them by
 *	                      by_child(), then its parent to the other 16 MiB by by_parent()
 *	touch_forks chain     touches 16 MiB by by_loop(), its child 16 MiB of its own by
 *	                      by_memset(), the child of that writes to all 32 MiB by by_child()
 *	touch_forks pool      a child of two threads that touch 32 MiB by by_loop(), 16 MiB by
 *	                      by_memset()
 *	touch_forks shared    48 MiB of shared memory: 16 MiB by by_loop(), then 32 MiB by by_memset()
 *	                      in a child, that has written to the first 16 MiB, too
 *	touch_forks populate  touches 32 MiB by by_loop(); a child populates 32 MiB in
 *	                      by_populate(), then writes to those that it was forked with by
 *	                      by_child()
 *	touch_forks file PATH
 *	                      a child reads 32 MiB of a file by by_reading(), then writes to them by
 *	                      by_child(), in a shared mapping
 *	touch_forks private PATH
 *	                      a child writes to 32 MiB of a file by by_child(), in a private mapping
 *	touch_forks spawn     touches 32 MiB by by_loop(), starts true(1) with vfork(2), then touches
 *	                      16 MiB by by_memset()
 *
 * Prints the page faults of by_child() and by_parent() as getrusage(2) counts them.
 */
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB(n)	  ((size_t)(n) << 20)
#define OWN_FRAME __attribute__((noinline, noclone))

static volatile long *faults; /* of all processes */

static long faults_now(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static char *map(size_t bytes, int flags, int fd)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED) {
		perror("touch_forks: mmap");
		exit(1);
	}
	return p;
}

static char *take(size_t bytes)
{
	return map(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static char *take_shared(size_t bytes)
{
	return map(bytes, MAP_SHARED | MAP_ANONYMOUS, -1);
}

OWN_FRAME static void by_loop(char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 512)
		*(volatile char *)(p + i) = 1;
}

OWN_FRAME static void by_memset(char *p, size_t bytes)
{
	memset(p, 2, bytes);
	__asm__ volatile("" ::: "memory");
}

OWN_FRAME static void by_child(char *p, size_t bytes)
{
	long before = faults_now();

	for (size_t i = 0; i < bytes; i += 512)
		*(volatile char *)(p + i) = 3;
	*faults += faults_now() - before;
}

OWN_FRAME static void by_parent(char *p, size_t bytes)
{
	long before = faults_now();

	for (size_t i = 0; i < bytes; i += 512)
		*(volatile char *)(p + i) = 4;
	*faults += faults_now() - before;
}

OWN_FRAME static void by_reading(const char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 512)
		(void)*(const volatile char *)(p + i);
}

OWN_FRAME static void by_populate(size_t bytes)
{
	char *p = map(bytes, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);

	__asm__ volatile("" ::"r"(p) : "memory");
}

static void wait_for(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		exit(1);
}

static void with_children(int count, size_t own, size_t inherited)
{
	char *p = take(MIB(8));

	by_loop(p, MIB(8));
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (!pid) {
			by_memset(take(own), own);
			by_child(p, inherited);
			_exit(0);
		}
		wait_for(pid);
	}
}

static void with_both(void)
{
	char *p = take(MIB(32)), byte;
	int done[2], more[2];
	pid_t pid;

	by_loop(p, MIB(32));
	if (pipe(done) || pipe(more))
		exit(1);
	pid = fork();
	if (!pid) {
		by_child(p, MIB(16));
		close(more[1]);
		_exit(write(done[1], "", 1) != 1 || read(more[0], &byte, 1) != 0);
	}
	if (read(done[0], &byte, 1) == 1)
		by_parent(p + MIB(16), MIB(16));
	close(more[1]);
	wait_for(pid);
}

static void with_chain(void)
{
	char *first = take(MIB(16)), *second;
	pid_t pid;

	by_loop(first, MIB(16));
	pid = fork();
	if (pid) {
		wait_for(pid);
		return;
	}
	second = take(MIB(16));
	by_memset(second, MIB(16));
	pid = fork();
	if (!pid) {
		by_child(first, MIB(16));
		by_child(second, MIB(16));
		_exit(0);
	}
	wait_for(pid);
	_exit(0);
}

static void *first_thread(void *p)
{
	by_loop(p, MIB(32));
	return NULL;
}

static void *second_thread(void *p)
{
	by_memset(p, MIB(16));
	return NULL;
}

static void with_pool(void)
{
	pthread_t first, second;
	pid_t pid = fork();

	if (pid) {
		wait_for(pid);
		return;
	}
	if (pthread_create(&first, NULL, first_thread, take(MIB(32))) ||
	    pthread_create(&second, NULL, second_thread, take(MIB(16))))
		_exit(1);
	pthread_join(first, NULL);
	pthread_join(second, NULL);
	_exit(0);
}

static void with_shared(void)
{
	char *p = take_shared(MIB(48));
	pid_t pid;

	by_loop(p, MIB(16));
	pid = fork();
	if (!pid) {
		by_child(p, MIB(16));
		by_memset(p + MIB(16), MIB(32));
		_exit(0);
	}
	wait_for(pid);
}

static void with_populate(void)
{
	char *p = take(MIB(32));
	pid_t pid;

	by_loop(p, MIB(32));
	pid = fork();
	if (!pid) {
		by_populate(MIB(32));
		by_child(p, MIB(32));
		_exit(0);
	}
	wait_for(pid);
}

static void with_file(const char *path, int flags)
{
	int fd = path ? open(path, O_RDWR) : -1;
	pid_t pid = fork();

	if (!pid) {
		char *p = map(MIB(32), flags, fd);

		if (flags == MAP_SHARED)
			by_reading(p, MIB(32));
		by_child(p, MIB(32));
		_exit(0);
	}
	wait_for(pid);
}

static void with_spawn(void)
{
	char name[] = "true", *argv[] = {name, NULL};
	pid_t pid;

	by_loop(take(MIB(32)), MIB(32));
	if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL))
		exit(1);
	wait_for(pid);
	by_memset(take(MIB(16)), MIB(16));
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	faults = (long *)(void *)take_shared(4096);
	*faults = 0;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (!strcmp(mode, "children") && argc > 4)
		with_children(atoi(argv[2]), MIB(atoi(argv[3])), MIB(atoi(argv[4])));
	else if (!strcmp(mode, "both"))
		with_both();
	else if (!strcmp(mode, "chain"))
		with_chain();
	else if (!strcmp(mode, "pool"))
		with_pool();
	else if (!strcmp(mode, "shared"))
		with_shared();
	else if (!strcmp(mode, "populate"))
		with_populate();
	else if (!strcmp(mode, "file"))
		with_file(argc > 2 ? argv[2] : NULL, MAP_SHARED);
	else if (!strcmp(mode, "private"))
		with_file(argc > 2 ? argv[2] : NULL, MAP_PRIVATE);
	else if (!strcmp(mode, "spawn"))
		with_spawn();
	else
		return 2;
	printf("%ld\n", *faults);
	return 0;
}
