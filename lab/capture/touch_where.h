/*
 * touch_where.h - in which mapping the bytes of a sample came; pure.
 *
 * A sample of kmem:rss_stat has no address. Page faults have one and come from the same
 * instructions, so what a thread gains is put where its last fault at that instruction was; what a
 * system call populates, where the call was told to.
 */
#ifndef OOMLAB_CAPTURE_TOUCH_WHERE_H
#define OOMLAB_CAPTURE_TOUCH_WHERE_H

#include "capture/touch_space.h"

enum { WHERE_SLOTS = 4096 };

/* Zero-initialise. */
struct touch_where {
	struct {
		pid_t tid;
		uint64_t pc, sp, address;
	} faults[WHERE_SLOTS];
};

/* The mapping of a TOUCH_FAULT, which is kept in mind. */
int touch_where_fault(struct touch_where *where, const struct touch_spaces *spaces,
		      const struct touch_event *event);

/* The mapping of a TOUCH_RSS, or MAPPING_UNKNOWN. */
int touch_where_rss(const struct touch_where *where, const struct touch_spaces *spaces,
		    const struct touch_event *event);

#endif
