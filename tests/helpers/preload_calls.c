/*
 * preload_calls.c - allocation calls whose number and bytes are known in advance.
 *
 *	preload_calls MODE	see modes[] at the end; each says what it leaves counted
 *
 * Built without sanitizers: their malloc would come before the library under test.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

/* glibc's own, past any library that stands before it. */
extern void *__libc_malloc(size_t size);

static void *volatile kept[100000];

static void need(int ok)
{
	if (!ok)
		_exit(3);
}

/* Asked 100 * 24 + 300 KiB = 309600, given back 50 * 24 + 300 KiB; 101 calls, 51 frees. */
static void exact(void)
{
	void *volatile big = malloc(300 * KIB);

	for (int i = 0; i < 100; i++)
		kept[i] = malloc(24);
	for (int i = 0; i < 50; i++)
		free(kept[i]);
	free(big);
	free(NULL);
}

/* One of each, all kept: 1000 + 30 * 7 + 64 + 128 + 256 + 512 + 4096 (pvalloc of 1) + 33 * 3. */
static void family(void)
{
	void *p;
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	kept[0] = malloc(1000);
	kept[1] = calloc(30, 7);
	need(!posix_memalign(&p, 64, 64));
	kept[2] = p;
	need(!((uintptr_t)p & 63));
	kept[3] = aligned_alloc(128, 128);
	kept[4] = memalign(256, 256);
	need(!((uintptr_t)kept[4] & 255));
	kept[5] = valloc(512);
	kept[6] = pvalloc(1);
	need(malloc_usable_size(kept[6]) >= page);
	kept[7] = reallocarray(NULL, 33, 3);
	need(((char *)kept[1])[29] == 0);
}

/* Of what kept[0] is, whose old address is of no use then. */
static void change_to(size_t size)
{
	void *p = realloc(kept[0], size);

	need(p != NULL);
	kept[0] = p;
}

/* 10 -> 1000 -> 200000 -> 20 bytes, then a refusal that changes nothing, then freed by size 0. */
static void changes(void)
{
	volatile size_t huge = SIZE_MAX, nothing = 0;

	kept[0] = malloc(10);
	memcpy(kept[0], "unchanged", 10);
	change_to(1000);
	change_to(200000);
	change_to(20);
	need(!strcmp(kept[0], "unchanged"));
	errno = 0;
	kept[2] = realloc(kept[0], (size_t)PTRDIFF_MAX);
	need(!kept[2] && errno == ENOMEM);
	errno = 0;
	kept[2] = reallocarray(kept[0], huge, 2);
	need(!kept[2] && errno == ENOMEM);
	need(!strcmp(kept[0], "unchanged"));
	kept[2] = malloc((size_t)PTRDIFF_MAX);
	need(!kept[2] && errno == ENOMEM);
	kept[1] = malloc(50);
	/* Frees it in glibc. NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI) */
	kept[1] = realloc(kept[1], nothing);
}

/* Nothing of it may be taken for this library's own: 100 bytes asked, by the realloc. */
static void foreign(void)
{
	errno = 7;
	free(__libc_malloc(77));
	need(errno == 7);
	kept[0] = realloc(__libc_malloc(88), 100);
}

static void *churn(void *of)
{
	const size_t number = *(const size_t *)of;

	for (size_t i = 0; i < 100000; i++) {
		void *volatile p = malloc(16 + i % 512);

		if (i % 100 == 0)
			kept[number * 1000 + i / 100] = p;
		else
			free(p);
	}
	return NULL;
}

static void threads(void)
{
	size_t numbers[4];
	pthread_t t[4];

	for (size_t i = 0; i < 4; i++) {
		numbers[i] = i;
		need(!pthread_create(&t[i], NULL, churn, &numbers[i]));
	}
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

/* What one thread allocates another gives back. */
static void *give_all(void *unused)
{
	for (int i = 0; i < 1000; i++)
		free(kept[i]);
	return unused;
}

static void handed_over(void)
{
	pthread_t t;

	for (int i = 0; i < 1000; i++)
		kept[i] = malloc(100);
	need(!pthread_create(&t, NULL, give_all, NULL));
	pthread_join(t, NULL);
}

static void wait_for(pid_t child)
{
	int status;

	need(waitpid(child, &status, 0) == child && WIFEXITED(status) && !WEXITSTATUS(status));
}

/* The parent keeps 10 * 1000; the child asks 5 * 300 and gives back what it inherited, too. */
static void forked(void)
{
	pid_t child;

	for (int i = 0; i < 10; i++)
		kept[i] = malloc(1000);
	child = fork();
	if (child == 0) {
		for (int i = 0; i < 5; i++)
			kept[20 + i] = malloc(300);
		for (int i = 0; i < 10; i++)
			free(kept[i]);
		free(kept[20]);
		_exit(0);
	}
	wait_for(child);
}

/* 100 bytes; the child that ends with an error has this one's memory. Then killed. */
static void vforked(void)
{
	const char *none = "/nonexistent";
	pid_t child;
	int status;

	kept[0] = malloc(100);
	child = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): it is the point */
	if (child == 0) {
		execl(none, none, (char *)NULL);
		_exit(1);
	}
	need(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 1);
	raise(SIGKILL);
}

/* 200 children that leave 1000 * 16 each. */
static void many_leaks(void)
{
	for (int i = 0; i < 200; i++) {
		pid_t child = fork();

		if (child == 0) {
			for (int j = 0; j < 1000; j++)
				kept[j] = malloc(16);
			_exit(0);
		}
		wait_for(child);
	}
}

static volatile int stop;

static void *churn_until_stopped(void *unused)
{
	while (!stop) {
		void *volatile small = malloc(64), *volatile large = malloc(200 * KIB);

		free(large);
		free(small);
	}
	return unused;
}

/* Each of 100 children asks 1000 + 200 KiB at whatever moment the thread was in. */
static void forked_among_threads(void)
{
	pthread_t t;

	need(!pthread_create(&t, NULL, churn_until_stopped, NULL));
	for (int i = 0; i < 100; i++) {
		pid_t child = fork();

		if (child == 0) {
			kept[0] = malloc(1000);
			kept[1] = malloc(200 * KIB);
			_exit(0);
		}
		wait_for(child);
	}
	stop = 1;
	pthread_join(t, NULL);
}

static volatile sig_atomic_t alarms;

static void map_one(int unused)
{
	void *p = mmap(NULL, MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)unused;
	need(p != MAP_FAILED && !munmap(p, MIB));
	alarms++;
}

/* The handler comes in between at any instruction: all that is mapped is given back. */
static void signals(void)
{
	const struct itimerval often = {{0, 50}, {0, 50}};
	const struct sigaction action = {.sa_handler = map_one, .sa_flags = SA_RESTART};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (alarms < 2000) {
		void *p = mmap(NULL, MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		need(p != MAP_FAILED && !munmap(p, MIB));
	}
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
}

/* 64 pages, of which 3 go from the middle and 1 from the end, then 16 moved: 60 pages live. */
static void maps(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, 64 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *q;

	need(p != MAP_FAILED && !munmap(p + 8 * page, 3 * page) && !munmap(p + 63 * page, page));
	q = mmap(p + 20 * page, 4 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0);
	need(q == p + 20 * page);
	q = mremap(p + 40 * page, 16 * page, 16 * page, MREMAP_MAYMOVE);
	need(q != MAP_FAILED);
	errno = 0;
	need(munmap(p + 1, page) == -1 && errno == EINVAL);
	need(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

/* 100 steps of a page up, 30 down: 70 pages in one range. */
static void breaks(void)
{
	const int page = (int)sysconf(_SC_PAGESIZE);
	char *start = sbrk(0);

	for (int i = 0; i < 100; i++)
		need(sbrk(page) == start + i * page);
	need(sbrk(-20 * page) == start + 100 * page);
	need(!brk(start + 70 * page));
}

/* Killed with 1000 * 48 + 2 MiB out. */
static void killed(void)
{
	kept[1000] = malloc(2 * MIB);
	for (int i = 0; i < 1000; i++)
		kept[i] = malloc(48);
	raise(SIGKILL);
}

/* A child asks for 64 KiB after 64 KiB, 6 GiB in all, and fills them, until a limit ends it. */
static void hungry_child(void)
{
	pid_t child = fork();
	int status;

	for (int i = 0; child == 0 && i < 100000; i++) {
		kept[i] = malloc(64 * KIB);
		memset(kept[i], 1, 64 * KIB);
	}
	need(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

/* 15000 * 200 KiB, one at a time: two records each, more than a small ring holds. */
static void many_large(void)
{
	for (int i = 0; i < 15000; i++) {
		void *volatile p = malloc(200 * KIB);

		free(p);
	}
}

/* 100000 * 16, all out at a time. */
static void many_small(void)
{
	for (int i = 0; i < 100000; i++)
		kept[i] = malloc(16);
	for (int i = 0; i < 100000; i++)
		free(kept[i]);
}

/* 6000 pages mapped one by one, more than there are ranges, and given back. */
static void many_maps(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (int i = 0; i < 6000; i++) {
		kept[i] = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		need(kept[i] != MAP_FAILED);
	}
	for (int i = 0; i < 6000; i++)
		need(!munmap(kept[i], page));
}

static char path[4096];

/* 100 bytes before, 200 after; the pid is the same. */
static void replaced(void)
{
	kept[0] = malloc(100);
	execl(path, path, "after", (char *)NULL);
}

static void after(void)
{
	kept[0] = malloc(200);
}

/* 1500 children that ask for 32 bytes: more than there are entries for processes. */
static void many_processes(void)
{
	for (int i = 0; i < 1500; i++) {
		pid_t child = fork();

		if (child == 0) {
			kept[0] = malloc(32);
			_exit(0);
		}
		wait_for(child);
	}
}

/* Before any library was initialised: 40 * 5 bytes, in the mode of that name. */
static void early(int argc, char **argv, char **envp)
{
	(void)envp;
	if (argc > 1 && !strcmp(argv[1], "early"))
		kept[0] = calloc(40, 5);
}
__attribute__((section(".preinit_array"), used)) static void (*const preinit)(int, char **,
									      char **) = early;

static void early_was(void)
{
	need(kept[0] && ((char *)kept[0])[199] == 0);
	kept[0] = realloc(kept[0], 400);
	need(kept[0] && ((char *)kept[0])[199] == 0);
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{"exact", exact},
	{"family", family},
	{"changes", changes},
	{"foreign", foreign},
	{"threads", threads},
	{"handed_over", handed_over},
	{"forked", forked},
	{"forked_among_threads", forked_among_threads},
	{"signals", signals},
	{"maps", maps},
	{"breaks", breaks},
	{"killed", killed},
	{"many_large", many_large},
	{"many_small", many_small},
	{"replaced", replaced},
	{"after", after},
	{"many_maps", many_maps},
	{"vforked", vforked},
	{"many_leaks", many_leaks},
	{"early", early_was},
	{"many_processes", many_processes},
	{"hungry_child", hungry_child},
};

int main(int argc, char **argv)
{
	const ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	need(n > 0);
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(argv[1], modes[i].name)) {
			modes[i].run();
			return 0;
		}
	fprintf(stderr, "usage: preload_calls MODE\n");
	return 2;
}
