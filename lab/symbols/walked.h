/*
 * walked.h - a stack that was walked, and whether another is the same: then it is not walked anew.
 *
 * Internal to lab/symbols. What the walk read of the stack has its result. Registers that a caller
 * had saved are read, too: a frame is found by one of them only where it points into the stack, so
 * that all others may be any that do not.
 */
#ifndef OOMLAB_SYMBOLS_WALKED_H
#define OOMLAB_SYMBOLS_WALKED_H

#include "symbols/unwind.h"
#include "symbols/walker.h"

struct walked {
	uint64_t generation, pc, sp, fp;
	bool is_whole; /* all it read is in reads */
	size_t read_count, frame_count;
	struct walker_read reads[WALKER_READS_MAX];
	bool may_differ[WALKER_READS_MAX]; /* of these */
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
};

/* Sets may_differ, once all else is known; s: the answer that it is from. */
void walked_mark(struct walked *walked, const struct walker_shared *s);

/* generation: of what is mapped. walked: NULL, nothing is like it. */
bool walked_is_same(const struct walked *walked, uint64_t generation,
		    const struct unwind_sample *sample);

#endif
