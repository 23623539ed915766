/*
 * profile_table.h - bytes by process, stack and mapping, summed while the run lasts; pure.
 *
 * Bounded: of more than PROFILE_ROWS_MAX different stacks, the later ones are summed by their
 * innermost PROFILE_SHORT_DEPTH frames, and of PROFILE_SHORT_ROWS more without any.
 */
#ifndef OOMLAB_PROFILE_PROFILE_TABLE_H
#define OOMLAB_PROFILE_PROFILE_TABLE_H

#include "profile/fault_locator.h"
#include "symbols/unwind.h"

enum { PROFILE_ROWS_MAX = 8192, PROFILE_SHORT_ROWS = 4096, PROFILE_SHORT_DEPTH = 8 };

/* Two rows differ in at least one of these. */
struct profile_key {
	pid_t pid;
	bool is_syscall; /* touched by the kernel, on behalf of a system call */
	struct fault_location where;
	const struct unwind_frame *frames;
	size_t depth; /* frames; 0: the sum of rows that are not told apart by stack */
};

struct profile_row {
	struct profile_key key;			    /* its frames are the row's own */
	int64_t gained[RSS_COUNT], lost[RSS_COUNT]; /* bytes, both >= 0 */
	int64_t faults;				    /* page faults that samples stand for */
	int64_t lone; /* of these, alone in their block (fault_blocks.h) */
	int64_t samples;
	struct unwind_frame frames[];
};

/* Zero-initialise. */
struct profile_table {
	struct profile_row **slots; /* by hash, open addressing */
	size_t slot_count, count;
};

/* The row of that key, made when it is new. Never NULL; lives as long as the table. */
struct profile_row *profile_table_row(struct profile_table *table, const struct profile_key *key);

/*
 * Moves bytes whose mapping is not known to the rows of the same stack whose mapping is, in
 * proportion, unless they are more than those rows have.
 */
void profile_table_spread(struct profile_table *table);

/* All rows, the largest first; malloc'd, the caller frees the array alone. */
struct profile_row **profile_table_sorted(const struct profile_table *table);

void profile_table_release(struct profile_table *table);

#endif
