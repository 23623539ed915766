/*
 * fault_locator.h - in which mapping the bytes of a sample came; pure.
 *
 * A sample of kmem:rss_stat has no address. Page faults have one and come from the same
 * instructions, so what a thread gains is put where its last fault at that instruction was; what a
 * system call populates, where the call was told to.
 */
#ifndef OOMLAB_PROFILE_FAULT_LOCATOR_H
#define OOMLAB_PROFILE_FAULT_LOCATOR_H

#include "profile/address_space.h"

enum { WHERE_SLOTS = 4096 };

struct touch_where {
	int mapping; /* or MAPPING_UNKNOWN */
	bool is_on_stack;
};

/* Zero-initialise. */
struct touch_faults {
	struct {
		pid_t tid;
		uint64_t pc, sp, address, t_ns;
	} last[WHERE_SLOTS];
};

/* Of a TOUCH_FAULT, which is kept in mind. */
struct touch_where touch_where_fault(struct touch_faults *faults, const struct touch_spaces *spaces,
				     const struct touch_event *event);

/* Of a TOUCH_RSS; all 0 when it is not known. */
struct touch_where touch_where_rss(const struct touch_faults *faults,
				   const struct touch_spaces *spaces,
				   const struct touch_event *event);

/*
 * Of a TOUCH_TICK, while faults are not sampled: what a thread mapped since the last it is known of
 * is what it works on now.
 */
struct touch_where touch_where_tick(const struct touch_faults *faults,
				    const struct touch_spaces *spaces,
				    const struct touch_event *event);

#endif
