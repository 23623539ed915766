/*
 * touch_lines.c - touches memory by known lines, in known amounts, for the touch profile's tests.
 *
 *	touch_lines memset        16 MiB by memset(), then 48 MiB by a loop
 *	touch_lines read          48 MiB by read(2) into a buffer not touched before
 *	touch_lines populate      48 MiB by mmap(MAP_POPULATE)
 *	touch_lines fork          a child writes to 32 MiB that it shares with its parent
 *	touch_lines threads       two threads, 32 MiB and 16 MiB, each by a line of its own
 *	touch_lines shmem         48 MiB of shared anonymous memory
 *	touch_lines grow          1 MiB at a time by memset() without end
 *	touch_lines loop          1 GiB by a loop
 *	touch_lines stack         48 MiB of a thread's stack, by a function that calls itself
 *	touch_lines main-stack    6 MiB of the stack it was started with
 *	touch_lines coroutine     32 MiB by a loop on a stack that lies in the middle of these
 *	touch_lines requested     reserves 256 MiB at an address of its choice and makes the first
 *	                          and the last 24 MiB usable, by another function
 *	touch_lines files FILE    eight times: all of a mapped file is read, and 2 MiB by memset();
 *	                          then tells what is resident of files, in bytes
 *	touch_lines memory-file   writes to a file in memory without end
 *	touch_lines huge          64 MiB by memset(), in huge pages where there are any
 *	touch_lines huge-and-small
 *	                          2 MiB by memset() in a huge page, 2 MiB of small pages by a
 *	                          loop, and again until it is 96 MiB each
 *	touch_lines heap          grows the heap of brk(2) by 48 MiB, then by 16 MiB in
 *	                          another function
 *	touch_lines reserve       reserves 258 MiB and touches 24 MiB of them by two lines
 *	touch_lines alternate KIB  three times KIB by memset(), once KIB by a loop, and again until
 *	                          768 MiB of small pages are touched: 576 and 192 MiB
 *	touch_lines many-threads  two threads, 512 MiB and 256 MiB of small pages
 *	touch_lines middle        256 MiB by a loop, 128 MiB populated, 256 MiB by memset(),
 *	                          all of small pages
 *	touch_lines late-fork     512 MiB by a loop, then a child writes to 64 MiB of them
 *	touch_lines shrink        256 MiB by a loop, 192 MiB of them given back, 256 MiB by memset()
 *	touch_lines again         48 times: 2 MiB reserved, touched and given back; then 48 MiB,
 *	                          reserved by another function and touched by the same line
 *	touch_lines arenas        two threads have malloc(3) make them an arena, then 32 MiB by a
 *	                          loop, in mappings of 512 KiB each
 *
 * Each amount is touched in the function of that name, never inlined.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* a test builds it by itself */
#endif
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define KIB(n)	  ((size_t)(n) << 10)
#define MIB(n)	  ((size_t)(n) << 20)
#define OWN_FRAME __attribute__((noinline, noclone))

static char *take(size_t bytes, int flags)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED) {
		perror("touch_lines: mmap");
		exit(1);
	}
	return p;
}

/* Whole huge pages of its own, so that none is touched by two lines. */
static char *take_aligned(size_t bytes)
{
	char *p = take(bytes + MIB(2), MAP_PRIVATE);

	return p + (MIB(2) - (uintptr_t)p % MIB(2)) % MIB(2);
}

OWN_FRAME static void by_memset(char *p, size_t bytes)
{
	memset(p, 1, bytes);
	__asm__ volatile("" ::: "memory");
}

OWN_FRAME static void by_loop(char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 512)
		*(volatile char *)(p + i) = 1;
}

OWN_FRAME static void by_other_loop(char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 512)
		*(volatile char *)(p + i) = 2;
}

OWN_FRAME static void by_read(char *p, size_t bytes)
{
	int fd = open("/dev/zero", O_RDONLY);

	for (size_t i = 0; i < bytes; i += MIB(1))
		if (read(fd, p + i, MIB(1)) != (ssize_t)MIB(1))
			exit(1);
	close(fd);
}

OWN_FRAME static void by_populate(size_t bytes)
{
	char *p = take(bytes, MAP_PRIVATE | MAP_POPULATE);

	__asm__ volatile("" ::"r"(p) : "memory");
}

OWN_FRAME static void by_child(char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 512)
		*(volatile char *)(p + i) = 3;
}

static void with_child(void)
{
	char *p = take(MIB(32), MAP_PRIVATE);
	pid_t pid;

	by_loop(p, MIB(32));
	pid = fork();
	if (pid == 0) {
		by_child(p, MIB(32));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void *first_thread(void *p)
{
	by_loop(p, MIB(32));
	return NULL;
}

static void *second_thread(void *p)
{
	by_other_loop(p, MIB(16));
	return NULL;
}

/* Stacks too small for huge pages. */
static void with_threads(void)
{
	pthread_t first, second;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
	if (pthread_create(&first, &attr, first_thread, take_aligned(MIB(32))) ||
	    pthread_create(&second, &attr, second_thread, take_aligned(MIB(16))))
		exit(1);
	pthread_join(first, NULL);
	pthread_join(second, NULL);
}

/* 1 MiB of stack a call, all of it written. */
OWN_FRAME static int by_recursion(int depth)
{
	volatile char frame[MIB(1)];

	for (size_t i = 0; i < sizeof(frame); i += 512)
		frame[i] = (char)depth;
	return depth > 1 ? by_recursion(depth - 1) + frame[512] : frame[0];
}

/* A thread's, so that its size does not depend on ulimit -s; small pages, so that it is exact. */
static void *on_stack(void *unused)
{
	(void)unused;
	return by_recursion(48) ? NULL : on_stack;
}

static void with_large_stack(void)
{
	pthread_t thread;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, MIB(56));
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (pthread_create(&thread, &attr, on_stack, NULL))
		exit(1);
	pthread_join(thread, NULL);
}

OWN_FRAME static void again_and_again(void)
{
	for (int i = 0; i < 48; i++) {
		char *p = take(MIB(2), MAP_PRIVATE);

		by_loop(p, MIB(2));
		munmap(p, MIB(2));
	}
}

/* Of its own, so that the same address comes from another line than take()'s. */
OWN_FRAME static char *take_other(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	return p;
}

static pthread_barrier_t arenas_made;

/* malloc(3) maps 128 MiB for it and gives back the half that is not aligned: there is room there. */
static void *with_arena(void *unused)
{
	char *volatile p = malloc(KIB(100));

	*p = 1;
	pthread_barrier_wait(&arenas_made);
	pause();
	free(p);
	return unused;
}

OWN_FRAME static void beside_arenas(void)
{
	pthread_t thread;

	pthread_barrier_init(&arenas_made, NULL, 3);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread, NULL, with_arena, NULL))
			exit(1);
	pthread_barrier_wait(&arenas_made);
	for (int i = 0; i < 64; i++)
		by_loop(take(KIB(512), MAP_PRIVATE), KIB(512));
}

OWN_FRAME static char *reserve_much(void)
{
	return take_aligned(MIB(256));
}

static char *take_small(size_t bytes)
{
	char *p = take_aligned(bytes);

	madvise(p, bytes, MADV_NOHUGEPAGE);
	return p;
}

static void alternate(size_t step)
{
	char *p = take_small(MIB(768)), *end = p + MIB(768);

	for (; p < end; p += step * 4) {
		by_memset(p, step * 3);
		by_loop(p + step * 3, step);
	}
}

static void *first_of_many(void *p)
{
	by_loop(p, MIB(512));
	return NULL;
}

static void *second_of_many(void *p)
{
	by_other_loop(p, MIB(256));
	return NULL;
}

/* In the steps of malloc(3). */
OWN_FRAME static void grow_heap(size_t bytes)
{
	for (size_t done = 0; done < bytes; done += KIB(128))
		by_loop(sbrk((intptr_t)KIB(128)), KIB(128));
}

OWN_FRAME static void grow_heap_more(size_t bytes)
{
	for (size_t done = 0; done < bytes; done += KIB(128))
		by_memset(sbrk((intptr_t)KIB(128)), KIB(128));
}

static void with_heap(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	grow_heap(MIB(48));
	grow_heap_more(MIB(16));
}

static char *coroutine_heap;
static ucontext_t caller, coroutine;

static void on_own_stack(void)
{
	by_loop(coroutine_heap, MIB(15));
	by_loop(coroutine_heap + MIB(16), MIB(17));
}

/* As runtimes do whose stacks are objects of their heap. */
static void with_coroutine(void)
{
	coroutine_heap = take(MIB(33), MAP_PRIVATE);
	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = coroutine_heap + MIB(15);
	coroutine.uc_stack.ss_size = MIB(1);
	coroutine.uc_link = &caller;
	makecontext(&coroutine, on_own_stack, 0);
	swapcontext(&caller, &coroutine);
}

OWN_FRAME static char *take_requested(size_t bytes)
{
	char *p = mmap((void *)UINT64_C(0x200000000000), bytes, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	return p;
}

OWN_FRAME static char *commit(char *p, size_t bytes)
{
	if (mmap(p, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		exit(1);
	return p;
}

static void with_requested(void)
{
	char *p = take_requested(MIB(256));

	by_loop(commit(p, MIB(24)), MIB(24));
	by_memset(commit(p + MIB(232), MIB(24)), MIB(24));
}

OWN_FRAME static unsigned long by_reader(const volatile char *p, size_t bytes)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < bytes; i += 4096)
		sum += (unsigned long)p[i];
	return sum;
}

static void tell_resident_files(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	long kib;

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "RssFile: %ld", &kib) == 1)
			printf("%ld\n", kib * 1024);
	if (status)
		fclose(status);
}

static void read_again_and_again(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = lseek(fd, 0, SEEK_END);
	char *memory = take_small(MIB(16));
	char *file = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);

	if (size <= 0 || file == MAP_FAILED)
		exit(1);
	for (size_t i = 0; i < 8; i++) {
		by_reader(file, (size_t)size);
		by_memset(memory + MIB(2) * i, MIB(2));
	}
	tell_resident_files();
}

static void write_memory_file(void)
{
	int fd = memfd_create("scratch", MFD_CLOEXEC);
	static char block[KIB(64)];

	while (write(fd, block, sizeof(block)) > 0)
		continue;
}

static void with_many_pages(void)
{
	char *first_block = take_small(MIB(512)), *second_block = take_small(MIB(256));
	pthread_t first, second;

	if (pthread_create(&first, NULL, first_of_many, first_block) ||
	    pthread_create(&second, NULL, second_of_many, second_block))
		exit(1);
	pthread_join(first, NULL);
	pthread_join(second, NULL);
}

static void populate_in_the_middle(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	by_loop(take_small(MIB(256)), MIB(256));
	by_populate(MIB(128));
	by_memset(take_small(MIB(256)), MIB(256));
}

static void with_late_child(void)
{
	char *p = take_small(MIB(512));
	pid_t pid;

	by_loop(p, MIB(512));
	pid = fork();
	if (pid == 0) {
		by_child(p, MIB(64));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static char *take_huge(size_t bytes)
{
	char *p = take_aligned(bytes);

	madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

/* A huge page, as much of small ones, and again. */
static void huge_and_small(size_t bytes)
{
	char *large = take_huge(bytes), *small = take_small(bytes);

	for (size_t done = 0; done < bytes; done += MIB(2)) {
		by_memset(large + done, MIB(2));
		by_loop(small + done, MIB(2));
	}
}

static void grow_and_shrink(void)
{
	char *p = take_small(MIB(256));

	by_loop(p, MIB(256));
	madvise(p, MIB(192), MADV_DONTNEED);
	by_memset(take_small(MIB(256)), MIB(256));
}

/* Of many small pages. */
static bool run_large(const char *mode, const char *arg)
{
	if (!strcmp(mode, "files") && arg)
		read_again_and_again(arg);
	else if (!strcmp(mode, "memory-file"))
		write_memory_file();
	else if (!strcmp(mode, "alternate") && arg && atoi(arg) > 0)
		alternate((size_t)atoi(arg) << 10);
	else if (!strcmp(mode, "many-threads"))
		with_many_pages();
	else if (!strcmp(mode, "middle"))
		populate_in_the_middle();
	else if (!strcmp(mode, "late-fork"))
		with_late_child();
	else if (!strcmp(mode, "shrink"))
		grow_and_shrink();
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (run_large(mode, argc > 2 ? argv[2] : NULL))
		return 0;

	if (!strcmp(mode, "memset")) {
		by_memset(take_aligned(MIB(16)), MIB(16));
		by_loop(take_aligned(MIB(48)), MIB(48));
	} else if (!strcmp(mode, "read")) {
		by_read(take(MIB(48), MAP_PRIVATE), MIB(48));
	} else if (!strcmp(mode, "populate")) {
		by_populate(MIB(48));
	} else if (!strcmp(mode, "fork")) {
		with_child();
	} else if (!strcmp(mode, "threads")) {
		with_threads();
	} else if (!strcmp(mode, "shmem")) {
		by_loop(take(MIB(48), MAP_SHARED), MIB(48));
	} else if (!strcmp(mode, "stack")) {
		with_large_stack();
	} else if (!strcmp(mode, "main-stack")) {
		by_recursion(6);
	} else if (!strcmp(mode, "coroutine")) {
		with_coroutine();
	} else if (!strcmp(mode, "requested")) {
		with_requested();
	} else if (!strcmp(mode, "huge")) {
		by_memset(take_huge(MIB(64)), MIB(64));
	} else if (!strcmp(mode, "huge-and-small")) {
		huge_and_small(MIB(96));
	} else if (!strcmp(mode, "reserve")) {
		char *p = reserve_much();

		by_memset(p, MIB(16));
		by_loop(p + MIB(64), MIB(8));
	} else if (!strcmp(mode, "again")) {
		again_and_again();
		by_loop(take_other(MIB(48)), MIB(48));
	} else if (!strcmp(mode, "arenas")) {
		beside_arenas();
	} else if (!strcmp(mode, "heap")) {
		with_heap();
	} else if (!strcmp(mode, "loop")) {
		by_loop(take(MIB(1024), MAP_PRIVATE), MIB(1024));
	} else if (!strcmp(mode, "grow")) {
		for (;;)
			by_memset(take(MIB(1), MAP_PRIVATE), MIB(1));
	} else {
		fprintf(stderr, "touch_lines: no mode '%s'\n", mode);
		return 2;
	}
	return 0;
}
