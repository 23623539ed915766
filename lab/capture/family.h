/*
 * family.h - the target and all that it started, whatever became of it; a table by pid, pure.
 *
 * Who started what is told by fork, exec and exit records, in the order of time of each CPU but not
 * of all: a record is taken for what its time says. A pid that is used again begins a new life, and
 * the old one is forgotten. Times: CLOCK_MONOTONIC ns.
 */
#ifndef OOMLAB_CAPTURE_FAMILY_H
#define OOMLAB_CAPTURE_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct relative {
	pid_t pid;    /* 0: an empty place of the table */
	pid_t parent; /* who forked it; 0: not known */
	int64_t from_ns;
	int64_t to_ns;	 /* its end; 0: none was told of */
	char comm[16];	 /* "": not known */
	bool is_told;	 /* for who uses the table */
	bool is_outside; /* likewise */
	bool is_stopped; /* ... and killed for it */
};

/* Zero-initialise. */
struct family {
	struct relative *places;
	size_t size; /* of the table, a power of two; 0: none yet */
	size_t count;
};

void family_forked(struct family *family, pid_t pid, pid_t parent, int64_t t_ns);
/* Its name is set, by exec or by itself. Who has not forked yet, as far as was read, has by then.
 */
void family_renamed(struct family *family, pid_t pid, const char *comm, int64_t t_ns);
void family_ended(struct family *family, pid_t pid, int64_t t_ns);

/* NULL: none of the family ever had that pid. Valid until the next record is taken. */
struct relative *family_find(const struct family *family, pid_t pid);

void family_release(struct family *family);

#endif
