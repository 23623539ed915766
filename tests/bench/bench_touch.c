/*
 * bench_touch.c - what the touch profile costs.
 *
 *	bench_touch small|huge       writes to 1 GiB by memset(3); prints the milliseconds that each
 *	                             8 MiB of it took, in one line
 *	bench_touch unwind CMD...    profiles a command; prints the milliseconds of CPU time that
 *	                             reading, unwinding and summing 1000 samples took, and how many
 *	                             samples there were
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "profile/profile.h"

#define MEMORY_BYTES ((size_t)1 << 30)
#define HUGE	     ((size_t)2 << 20)
#define BLOCK	     ((size_t)8 << 20)

static double ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int write_memory(int advice)
{
	char *p = mmap(NULL, MEMORY_BYTES + HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	double taken[MEMORY_BYTES / BLOCK];

	if (p == MAP_FAILED) {
		perror("bench_touch: mmap");
		return 1;
	}
	p += (HUGE - (size_t)p % HUGE) % HUGE;
	madvise(p, MEMORY_BYTES, advice);
	for (size_t i = 0; i < MEMORY_BYTES / BLOCK; i++) {
		double start = ms(CLOCK_MONOTONIC);

		memset(p + i * BLOCK, 1, BLOCK);
		__asm__ volatile("" ::"r"(p) : "memory");
		taken[i] = ms(CLOCK_MONOTONIC) - start;
	}
	for (size_t i = 0; i < MEMORY_BYTES / BLOCK; i++)
		printf("%s%.3f", i ? " " : "", taken[i]);
	putchar('\n');
	return 0;
}

static pid_t start_at_gate(char **argv, int gate[2])
{
	pid_t pid;
	char byte;

	if (pipe2(gate, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid)
		return pid;
	if (read(gate[0], &byte, 1) == 1)
		execvp(argv[0], argv);
	_exit(127);
}

/* The samples are in the record, which is how they are counted. */
static int64_t count_samples(struct profile *profile)
{
	struct err err = ERR_INIT;
	struct record record;
	struct record_writer w;
	int64_t samples = 0;
	char path[64];
	int fd = memfd_create("record", MFD_CLOEXEC);

	record_writer_init(&w, fd);
	record_put_run(&w, &(struct record_run){.id = "bench", .page_size = 4096});
	profile_write(profile, &w);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!w.failed && !record_load(path, &record, &err)) {
		for (size_t i = 0; i < record.touch_count; i++)
			samples += record.touches[i].samples;
		record_release(&record);
	}
	close(fd);
	return samples;
}

static int unwind(char **argv)
{
	char why[256] = "";
	int gate[2], status;
	pid_t pid = start_at_gate(argv, gate);
	struct profile *profile = pid < 0 ? NULL : profile_open(pid, false, why, sizeof(why));
	double start, spent = 0;
	int64_t samples;

	if (!profile || write(gate[1], "g", 1) != 1) {
		fprintf(stderr, "bench_touch: no profile: %s\n", why);
		return 1;
	}
	do {
		start = ms(CLOCK_THREAD_CPUTIME_ID);
		profile_drain(profile);
		spent += ms(CLOCK_THREAD_CPUTIME_ID) - start;
		usleep(500);
	} while (!waitpid(pid, &status, WNOHANG));
	start = ms(CLOCK_THREAD_CPUTIME_ID);
	profile_drain(profile);
	spent += ms(CLOCK_THREAD_CPUTIME_ID) - start;
	samples = count_samples(profile);
	profile_free(profile);
	printf("%.1f %lld\n", samples ? spent * 1000 / (double)samples : 0, (long long)samples);
	return !samples || status;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "small"))
		return write_memory(MADV_NOHUGEPAGE);
	if (!strcmp(what, "huge"))
		return write_memory(MADV_HUGEPAGE);
	if (!strcmp(what, "unwind") && argc > 2)
		return unwind(argv + 2);
	fprintf(stderr, "usage: bench_touch small|huge|unwind COMMAND [ARGS...]\n");
	return 2;
}
