/*
 * walked.h - the result of one walk of a stack, kept so that an equal stack is not walked again.
 *
 * Internal to lab/symbols. The words that a walk read of the stack decide its result, so a stack
 * with the same words has the same frames. Saved registers are read, too, but a frame is found only
 * by one that points into the stack: any other may differ.
 */
#ifndef OOMLAB_SYMBOLS_WALKED_H
#define OOMLAB_SYMBOLS_WALKED_H

#include "symbols/unwind.h"
#include "symbols/walker.h"

struct walked {
	uint64_t generation, pc, sp, fp;
	bool is_whole; /* `reads` has all that was read; false: never equal to another */
	size_t read_count, frame_count;
	struct walker_read reads[WALKER_READS_MAX];
	bool may_differ[WALKER_READS_MAX]; /* reads[i] may have any value outside the stack */
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
};

/* Sets may_differ once all else is set. s: the walker's answer that it was made from. */
void walked_mark(struct walked *walked, const struct walker_shared *s);

/* True when the sample's stack gives the same frames. walked may be NULL: false. */
bool walked_is_same(const struct walked *walked, uint64_t generation,
		    const struct unwind_sample *sample);

#endif
