/*
 * fault_blocks.h - how often each huge page's room was faulted in; pure.
 *
 * A page fault brings a small page or a huge one, and does not say which. A block of the size of a
 * huge page, aligned like one, in which just one fault was ever seen may be a huge page; one with
 * more is small pages. A sample stands for so few faults that it takes many to fill a block.
 * Bounded: of more than BLOCKS_MAX blocks, all faults count as small pages.
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
		struct profile_row *lone; /* whose only sample it was; NULL: more than one */
		int64_t faults;		  /* that it stands for */
	} * slots;
	size_t count;
};

/* Whether a huge page of anonymous memory can be at an address: all of its block is one mapping. */
bool fault_blocks_can_be_huge(const struct address_spaces *spaces, pid_t pid, uint64_t address);

/* Keeps count, in its row, of the faults of samples that are alone in their block. */
void fault_blocks_add(struct fault_blocks *blocks, const struct perf_event *event,
		      struct profile_row *row);
void fault_blocks_release(struct fault_blocks *blocks);

#endif
