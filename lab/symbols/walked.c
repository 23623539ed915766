#include "symbols/walked.h"

/* True for an address in the stack or near it, where a frame may begin. */
static bool points_into_stack(uint64_t sp, uint64_t value)
{
	return value - (sp - UNWIND_STACK_MAX) < 3 * (uint64_t)UNWIND_STACK_MAX;
}

static bool is_return(const struct walker_shared *s, size_t pcs, uint64_t value)
{
	for (size_t i = 0; i < pcs; i++)
		if (s->pcs[i] == value || s->pcs[i] == value - 1)
			return true;
	return false;
}

/* The zero that ends a walk decides as well: it stands where a return address would. */
void walked_mark(struct walked *walked, const struct walker_shared *s)
{
	size_t last = walked->read_count;

	while (last && !is_return(s, walked->frame_count, walked->reads[last - 1].value))
		last--;
	for (size_t i = 0; i < walked->read_count; i++) {
		uint64_t value = walked->reads[i].value;

		walked->may_differ[i] = (value || i < last) &&
					!is_return(s, walked->frame_count, value) &&
					!points_into_stack(walked->sp, value);
	}
}

/* Many programs use the frame pointer for something else. */
static bool is_same_base(uint64_t sp, uint64_t a, uint64_t b)
{
	return a == b || (!points_into_stack(sp, a) && !points_into_stack(sp, b));
}

static bool is_same_word(const struct walked *walked, size_t i, uint64_t value)
{
	return value == walked->reads[i].value ||
	       (walked->may_differ[i] && !points_into_stack(walked->sp, value));
}

bool walked_is_same(const struct walked *walked, uint64_t generation,
		    const struct unwind_sample *sample)
{
	uint64_t value;

	if (!walked || !walked->is_whole || walked->generation != generation ||
	    walked->pc != registers_pc(sample->regs) || walked->sp != registers_sp(sample->regs) ||
	    !is_same_base(walked->sp, walked->fp, registers_fp(sample->regs)))
		return false;
	for (size_t i = 0; i < walked->read_count; i++)
		if (!walker_word(walked->sp, sample->stack, sample->stack_len,
				 walked->reads[i].address, &value) ||
		    !is_same_word(walked, i, value))
			return false;
	return true;
}
