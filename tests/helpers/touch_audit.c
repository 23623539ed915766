/*
 * touch_audit.c - touches memory by known lines and counts for itself what each has touched, for
 * the audit of the touch profile (tests/audit/profile.sh).
 *
 *	touch_audit turns KIB      384 MiB of small pages: three times KIB by memset(), once KIB by a
 *	                           loop, and again
 *	touch_audit sequence       192 MiB by a loop, 192 MiB by memset(), 192 MiB by another loop
 *	touch_audit fork           256 MiB by a loop; a child writes to 128 MiB of them
 *	touch_audit children       8 MiB by a loop; 40 children, one after the other, of which each
 *	                           touches 8 MiB of its own and writes to 4 MiB that it was forked with
 *	touch_audit populate       128 MiB by a loop, 128 MiB populated, 128 MiB by memset()
 *	touch_audit populate-turns 8 MiB by a loop, 8 MiB populated, and again until it is 192 MiB each
 *	touch_audit huge           512 MiB in huge pages by memset()
 *	touch_audit huge-small     a huge page by memset(), as much in small pages by a loop, and again
 *	                           until it is 192 MiB each
 *	touch_audit huge-bursts    32 MiB in huge pages by memset(), a rest of 20 ms, 16 MiB in huge
 *	                           pages by a loop, a rest, and again: eight times
 *	touch_audit madvise        192 MiB by a loop, 144 MiB of them given back, 128 MiB populated by
 *	                           MADV_POPULATE_WRITE, 192 MiB by memset()
 *	touch_audit mlock          128 MiB by a loop, 128 MiB locked, 128 MiB by memset()
 *	touch_audit threads        two threads, 256 MiB and 128 MiB
 *	touch_audit threads-huge   two threads, 256 MiB in huge pages by memset(), 64 MiB in small ones
 *	touch_audit heap           the heap of brk(2) grows by 256 MiB, touched by a loop, then by
 *	                           128 MiB, touched by memset()
 *
 * Prints one line for each: the function, how (as report.json calls it) and bytes. Of copies after a
 * fork(2) these are its page faults as getrusage(2) counts them, of all else what it touched.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KIB(n)	  ((size_t)(n) << 10)
#define MIB(n)	  ((size_t)(n) << 20)
#define HUGE	  MIB(2)
#define OWN_FRAME __attribute__((noinline, noclone))

enum { BY_LOOP, BY_OTHER_LOOP, BY_MEMSET, BY_CHILD, BY_POPULATE, BY_ADVICE, BY_LOCK, LINES };

static const char *const lines[LINES] = {
	[BY_LOOP] = "by_loop store",
	[BY_OTHER_LOOP] = "by_other_loop store",
	[BY_MEMSET] = "by_memset memset",
	[BY_CHILD] = "by_child copy_on_write",
	[BY_POPULATE] = "by_populate populate",
	[BY_ADVICE] = "by_advice populate",
	[BY_LOCK] = "by_lock populate",
};

static volatile size_t *counted; /* bytes by line, of all processes; one at a time counts each */

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static char *map(size_t bytes, int flags)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED)
		fail("touch_audit: mmap");
	return p;
}

/* Whole huge pages of its own, so that none is touched by two lines. */
static char *take(size_t bytes, int advice)
{
	char *p = map(bytes + HUGE, MAP_PRIVATE);

	p += (HUGE - (uintptr_t)p % HUGE) % HUGE;
	madvise(p, bytes, advice);
	return p;
}

static char *take_small(size_t bytes)
{
	return take(bytes, MADV_NOHUGEPAGE);
}

OWN_FRAME static void by_loop(char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 512)
		*(volatile char *)(p + i) = 1;
	counted[BY_LOOP] += bytes;
}

OWN_FRAME static void by_other_loop(char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 512)
		*(volatile char *)(p + i) = 2;
	counted[BY_OTHER_LOOP] += bytes;
}

OWN_FRAME static void by_memset(char *p, size_t bytes)
{
	memset(p, 1, bytes);
	__asm__ volatile("" ::: "memory");
	counted[BY_MEMSET] += bytes;
}

OWN_FRAME static void by_populate(size_t bytes)
{
	if (mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE | MAP_POPULATE,
		 -1, 0) == MAP_FAILED)
		fail("touch_audit: mmap");
	counted[BY_POPULATE] += bytes;
}

OWN_FRAME static void by_advice(char *p, size_t bytes)
{
	if (madvise(p, bytes, MADV_POPULATE_WRITE))
		fail("touch_audit: MADV_POPULATE_WRITE");
	counted[BY_ADVICE] += bytes;
}

OWN_FRAME static void by_lock(char *p, size_t bytes)
{
	if (mlock(p, bytes))
		fail("touch_audit: mlock");
	counted[BY_LOCK] += bytes;
}

static long faults_now(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

OWN_FRAME static void by_child(char *p, size_t bytes)
{
	long before = faults_now();

	for (size_t i = 0; i < bytes; i += 512)
		*(volatile char *)(p + i) = 3;
	counted[BY_CHILD] += (size_t)(faults_now() - before) * 4096;
}

static void wait_for(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		fail("touch_audit: a child");
}

static void turns(size_t step)
{
	char *p = take_small(MIB(384)), *end = p + MIB(384);

	for (; p < end; p += step * 4) {
		by_memset(p, step * 3);
		by_loop(p + step * 3, step);
	}
}

static void sequence(void)
{
	by_loop(take_small(MIB(192)), MIB(192));
	by_memset(take_small(MIB(192)), MIB(192));
	by_other_loop(take_small(MIB(192)), MIB(192));
}

static void child_of_many_pages(void)
{
	char *p = take_small(MIB(256));
	pid_t pid;

	by_loop(p, MIB(256));
	pid = fork();
	if (!pid) {
		by_child(p, MIB(128));
		_exit(0);
	}
	wait_for(pid);
}

static void children(void)
{
	char *p = take_small(MIB(8));

	by_loop(p, MIB(8));
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();

		if (!pid) {
			by_memset(take_small(MIB(8)), MIB(8));
			by_child(p, MIB(4));
			_exit(0);
		}
		wait_for(pid);
	}
}

static void populate(void)
{
	by_loop(take_small(MIB(128)), MIB(128));
	by_populate(MIB(128));
	by_memset(take_small(MIB(128)), MIB(128));
}

static void populate_in_turns(void)
{
	char *p = take_small(MIB(192));

	for (size_t done = 0; done < MIB(192); done += MIB(8)) {
		by_loop(p + done, MIB(8));
		by_populate(MIB(8));
	}
}

static void huge(void)
{
	by_memset(take(MIB(512), MADV_HUGEPAGE), MIB(512));
}

static void huge_and_small(void)
{
	char *large = take(MIB(192), MADV_HUGEPAGE), *small = take_small(MIB(192));

	for (size_t done = 0; done < MIB(192); done += HUGE) {
		by_memset(large + done, HUGE);
		by_loop(small + done, HUGE);
	}
}

static void rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

static void huge_bursts(void)
{
	char *p = take(MIB(384), MADV_HUGEPAGE);

	for (size_t done = 0; done < MIB(384); done += MIB(48)) {
		by_memset(p + done, MIB(32));
		rest();
		by_loop(p + done + MIB(32), MIB(16));
		rest();
	}
}

static void advise(void)
{
	char *p = take_small(MIB(192));

	by_loop(p, MIB(192));
	madvise(p, MIB(144), MADV_DONTNEED);
	by_advice(take_small(MIB(128)), MIB(128));
	by_memset(take_small(MIB(192)), MIB(192));
}

static void lock(void)
{
	by_loop(take_small(MIB(128)), MIB(128));
	by_lock(take_small(MIB(128)), MIB(128));
	by_memset(take_small(MIB(128)), MIB(128));
}

static void *first_thread(void *p)
{
	by_loop(p, MIB(256));
	return NULL;
}

static void *second_thread(void *p)
{
	by_other_loop(p, MIB(128));
	return NULL;
}

static void *huge_thread(void *p)
{
	by_memset(p, MIB(256));
	return NULL;
}

static void *small_thread(void *p)
{
	by_other_loop(p, MIB(64));
	return NULL;
}

static void both(void *(*one)(void *), char *one_block, void *(*other)(void *), char *other_block)
{
	pthread_t first, second;

	if (pthread_create(&first, NULL, one, one_block) ||
	    pthread_create(&second, NULL, other, other_block))
		fail("touch_audit: a thread");
	pthread_join(first, NULL);
	pthread_join(second, NULL);
}

static void threads(void)
{
	both(first_thread, take_small(MIB(256)), second_thread, take_small(MIB(128)));
}

static void threads_of_huge(void)
{
	both(huge_thread, take(MIB(256), MADV_HUGEPAGE), small_thread, take_small(MIB(64)));
}

/* In the steps of malloc(3). */
static void heap(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	for (size_t done = 0; done < MIB(256); done += KIB(128))
		by_loop(sbrk((intptr_t)KIB(128)), KIB(128));
	for (size_t done = 0; done < MIB(128); done += KIB(128))
		by_memset(sbrk((intptr_t)KIB(128)), KIB(128));
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{"sequence", sequence},
	{"fork", child_of_many_pages},
	{"children", children},
	{"populate", populate},
	{"populate-turns", populate_in_turns},
	{"huge", huge},
	{"huge-small", huge_and_small},
	{"huge-bursts", huge_bursts},
	{"madvise", advise},
	{"mlock", lock},
	{"threads", threads},
	{"threads-huge", threads_of_huge},
	{"heap", heap},
};

static int run(const char *name, int kib)
{
	if (!strcmp(name, "turns") && kib > 0) {
		turns(KIB(kib));
		return 0;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (!strcmp(name, cases[i].name)) {
			cases[i].run();
			return 0;
		}
	fprintf(stderr, "touch_audit: no case '%s'\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	int r;

	counted = (volatile size_t *)(void *)map(4096, MAP_SHARED);
	r = run(argc > 1 ? argv[1] : "", argc > 2 ? atoi(argv[2]) : 0);
	for (int i = 0; i < LINES; i++)
		if (!r && counted[i])
			printf("%s %zu\n", lines[i], counted[i]);
	return r;
}
