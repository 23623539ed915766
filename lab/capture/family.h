/*
 * family.h - the target and all that it started, whatever became of it; a table by pid, pure.
 *
 * Fork, exec and exit records tell who started whom. They come in the order of time for each CPU
 * but not across CPUs, so the time in a record decides, not when it is read. Where a pid is used
 * again, the new process takes the slot of the old one. Times: CLOCK_MONOTONIC ns. The table grows
 * as needed.
 */
#ifndef OOMLAB_CAPTURE_FAMILY_H
#define OOMLAB_CAPTURE_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct relative {
	pid_t pid;	 /* 0: an empty slot */
	pid_t parent;	 /* who forked it; 0: not known */
	int64_t from_ns; /* its fork, or the first record of it */
	int64_t to_ns;	 /* its end; 0: no record of it */
	char comm[16];	 /* "": not known */
	/* The table's user sets these; a new process begins with false. */
	bool is_written; /* it is in the record */
	bool has_left;	 /* it left the run's cgroup */
	bool is_stopped; /* it was killed for that */
};

/* Zero-initialise. */
struct family {
	struct relative *slots;
	size_t size; /* of the table, a power of two; 0: none yet */
	size_t count;
};

void family_forked(struct family *family, pid_t pid, pid_t parent, int64_t t_ns);
/* The process is called `comm` now. One whose fork is still unread is entered without a parent. */
void family_renamed(struct family *family, pid_t pid, const char *comm, int64_t t_ns);
void family_ended(struct family *family, pid_t pid, int64_t t_ns);

/* NULL: no process of the family had that pid. Valid until the next of the calls above. */
struct relative *family_find(const struct family *family, pid_t pid);

void family_release(struct family *family);

#endif
