/*
 * numbers.h - what processes of a container call themselves, and what number they have here.
 *
 * What a process writes of itself (the arena trace, the allocation calls) bears its number in the
 * container; the kernel log and the touch profile have this host's. A process is known when it was
 * alive at one of the looks; one that came and went between two of them is not. Of numbers given
 * twice inside the later stands. Allocates; not thread safe.
 *
 * Pattern of use: numbers_add() its first process; numbers_look() now and then, while the container
 * lives; numbers_here(); numbers_release(). Where both numbers of the first are one, the container
 * has none of its own, and nothing else is noted.
 */
#ifndef OOMLAB_LAUNCH_NUMBERS_H
#define OOMLAB_LAUNCH_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { NUMBERS_MAX = 2048 }; /* what comes after is not noted */

struct number {
	pid_t here, inside;
};

/* Zero-initialise: every process has its number here. */
struct numbers {
	struct number *items;
	size_t count;
};

void numbers_add(struct numbers *numbers, pid_t here, pid_t inside);

/* Notes the processes of a cgroup that are new. proc: where /proc is. */
void numbers_look(struct numbers *numbers, int cgroup_dirfd, const char *proc);

/* Of the process that calls itself `inside`; 0: not known. */
pid_t numbers_here(const struct numbers *numbers, pid_t inside);

void numbers_release(struct numbers *numbers);

#endif
