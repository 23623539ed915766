/*
 * fault_blocks.h - which page faults may have brought a huge page; pure.
 *
 * A page fault brings a small page or a huge one, and does not say which. A block is memory of the
 * size and alignment of a huge page (2 MiB). If just one sampled fault was ever in it, that fault
 * is a "lone" one and may have brought a huge page; a block with more has small pages. A sample
 * stands for few faults, so 512 small pages give more than one sample. Bounded: beyond BLOCKS_MAX
 * blocks no fault counts as a lone one.
 */
#ifndef OOMLAB_PROFILE_FAULT_BLOCKS_H
#define OOMLAB_PROFILE_FAULT_BLOCKS_H

#include "profile/profile_table.h"

enum { BLOCKS_MAX = 1 << 16, BLOCK_SHIFT = 21 };

/* Zero-initialise. */
struct fault_blocks {
	struct fault_block {
		uint64_t number; /* address >> BLOCK_SHIFT, plus 1; 0: empty */
		pid_t pid;
		struct profile_row *lone; /* row of its only sample; NULL: it has more */
		int64_t faults;		  /* that this sample stands for */
	} * slots;
	size_t count;
};

/* Whether a huge page can be at an address: its whole block is in one range, and not of a file. */
bool fault_blocks_can_be_huge(const struct address_spaces *spaces, pid_t pid, uint64_t address);

/* Takes in a page fault, and keeps `lone` of the rows up to date. */
void fault_blocks_add(struct fault_blocks *blocks, const struct perf_event *event,
		      struct profile_row *row);
void fault_blocks_release(struct fault_blocks *blocks);

#endif
