/*
 * last_words.c - programs whose state just before the limit is known, for the tests.
 *
 *	last_words threads    one waits in waiter(), one reads from an empty pipe in reader(), the
 *	                      first grows by memset() in grow()
 *	last_words memfd      fills 24 MiB of a memfd, then grows
 *	last_words stosb      clears 1 GiB with one "rep stosb" in clear_by_string()
 *	last_words populate   maps 1 GiB populated: past every limit in one system call
 *	last_words children   three children sleep, one of them holds 16 MiB; the first grows
 *	last_words crowd      64 threads wait beside 2000 small mappings; the first grows
 *	last_words rename     threads that call themselves hostile names
 *	last_words reserve    an arena over reserved address space, committed and touched
 *	last_words vfork      one waits in vfork(2), the first has 62 MiB for a while; ends by itself
 *	last_words sleep      30 MiB, then five short sleeps; ends by itself
 *	last_words read FILE  reads FILE once: page cache alone
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arena.h"

enum { MIB = 1 << 20 };
#define NOINLINE __attribute__((noinline))

static pthread_barrier_t ready;
static int empty_pipe[2];

/* One block, so that no page is touched by malloc() itself. */
NOINLINE static void grow(void)
{
	const size_t bytes = (size_t)256 * MIB;
	char *block = malloc(bytes);

	if (!block)
		exit(3);
	for (size_t at = 0; at < bytes; at += MIB) {
		memset(block + at, 1, MIB);
		__asm__ volatile("" : : "r"(block) : "memory");
	}
	exit(3);
}

NOINLINE static void wait_for_ever(void)
{
	poll(NULL, 0, -1);
	__asm__ volatile("");
}

static void *waiter(void *name)
{
	if (name)
		prctl(PR_SET_NAME, name);
	pthread_barrier_wait(&ready);
	wait_for_ever();
	return NULL;
}

static void *reader(void *name)
{
	char byte;

	if (name)
		prctl(PR_SET_NAME, name);
	pthread_barrier_wait(&ready);
	if (read(empty_pipe[0], &byte, 1) == 1)
		exit(4);
	return NULL;
}

static void threads(char *first, char *second)
{
	pthread_t a, b;

	if (pipe(empty_pipe) || pthread_barrier_init(&ready, NULL, 3) ||
	    pthread_create(&a, NULL, waiter, first) || pthread_create(&b, NULL, reader, second))
		exit(5);
	pthread_barrier_wait(&ready);
	grow();
}

/* Neighbours of other rights stay mappings of their own. */
static void crowd(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = 4000;
	char *block = mmap(NULL, pages * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	pthread_t thread;

	if (block == MAP_FAILED || pthread_barrier_init(&ready, NULL, 65))
		exit(5);
	for (size_t i = 0; i < pages; i += 2)
		if (mprotect(block + i * page, page, PROT_READ))
			exit(5);
	for (int i = 0; i < 64; i++)
		if (pthread_create(&thread, NULL, waiter, NULL))
			exit(5);
	pthread_barrier_wait(&ready);
	grow();
}

static int go[2], begun[2];

/* As posix_spawn(3) does, whose child takes its time here. */
static void *spawner(void *arg)
{
	char byte = 0;

	if (syscall(SYS_clone, CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL) == 0) {
		if (write(begun[1], &byte, 1) != 1)
			_exit(1);
		_exit(read(go[0], &byte, 1) != 1);
	}
	return arg;
}

static void grow_beside_vfork(void)
{
	pthread_t thread;
	char byte = 0, *block;

	if (pipe(go) || pipe(begun) || pthread_create(&thread, NULL, spawner, NULL) ||
	    read(begun[0], &byte, 1) != 1)
		exit(7);
	block = malloc(62 * MIB);
	memset(block, 1, 62 * MIB);
	__asm__ volatile("" : : "r"(block) : "memory"); /* else it is left out */
	free(block);
	if (write(go[1], &byte, 1) != 1 || pthread_join(thread, NULL))
		exit(7);
}

static void fill_memfd(void)
{
	int fd = memfd_create("last words", MFD_CLOEXEC);
	char *block = calloc(1, MIB);

	for (int i = 0; block && i < 24; i++)
		if (write(fd, block, MIB) != MIB)
			exit(6);
	grow();
}

NOINLINE static void clear_by_string(void *to, size_t bytes)
{
#ifdef __x86_64__
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(0) : "memory");
#else
	memset(to, 0, bytes);
#endif
	__asm__ volatile("" : : : "memory");
}

static void stosb(void)
{
	void *block = malloc((size_t)1 << 30);

	if (!block)
		exit(7);
	clear_by_string(block, (size_t)1 << 30);
	free(block);
}

static void populate(void)
{
	void *p = mmap(NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	exit(p == MAP_FAILED ? 8 : 0);
}

static void children(void)
{
	int up[2];
	char byte = 0;

	if (pipe(up))
		exit(9);
	for (int i = 0; i < 3; i++)
		if (fork() == 0) {
			char *block = malloc(16 * MIB);

			if (i == 1)
				memset(block, 1, 16 * MIB);
			if (write(up[1], &byte, 1) == 1)
				wait_for_ever();
			exit(0);
		}
	for (int i = 0; i < 3; i++)
		if (read(up[0], &byte, 1) != 1)
			exit(9);
	grow();
}

static void sleeper(void)
{
	char *block = malloc(30 * MIB);

	memset(block, 1, 30 * MIB);
	for (int i = 0; i < 5; i++)
		usleep(20000);
	printf("%d\n", block[5]);
}

static void read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	static char block[MIB];

	while (read(fd, block, sizeof(block)) > 0)
		;
	exit(fd < 0 ? 10 : 0);
}

static void reserve(void)
{
	struct arena arena;
	const struct arena_config config = {
		.name = "level [1] $HOME",
		.size = (size_t)1 << 30,
		.policy = ARENA_CLEAR_NEVER,
		.source = ARENA_SOURCE_RESERVE,
	};

	if (arena_init(&arena, &config))
		exit(11);
	for (;;) {
		void *block = arena_push(&arena, MIB, 16);

		if (!block || arena_touch(&arena, block, MIB))
			exit(12);
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	static char first[] = "a b)\n[x]", second[] = "pid=1, `<b>";

	if (!strcmp(mode, "threads"))
		threads(NULL, NULL);
	else if (!strcmp(mode, "rename"))
		threads(first, second);
	else if (!strcmp(mode, "crowd"))
		crowd();
	else if (!strcmp(mode, "memfd"))
		fill_memfd();
	else if (!strcmp(mode, "stosb"))
		stosb();
	else if (!strcmp(mode, "populate"))
		populate();
	else if (!strcmp(mode, "children"))
		children();
	else if (!strcmp(mode, "reserve"))
		reserve();
	else if (!strcmp(mode, "vfork"))
		grow_beside_vfork();
	else if (!strcmp(mode, "sleep"))
		sleeper();
	else if (!strcmp(mode, "read") && argc > 2)
		read_file(argv[2]);
	else
		return 2;
	return 0;
}
