/*
 * touch_weigh.h - from the sizes that samples tell to bytes gained and lost between them; pure.
 *
 * A sample says how large one member of one mm is now. What lies between two samples of the same
 * member is counted to the later one, so that the sum is right whatever the period; what a forked
 * child has from its parent is nobody's growth.
 * Bounded: TOUCH_PROCESSES_MAX processes; of more, nothing is weighed.
 */
#ifndef OOMLAB_CAPTURE_TOUCH_WEIGH_H
#define OOMLAB_CAPTURE_TOUCH_WEIGH_H

#include "capture/touch_sample.h"

enum { TOUCH_PROCESSES_MAX = 8192 };

struct touch_process {
	pid_t pid, parent;
	bool has_mm, has_forked; /* it, or what it came from: pages may be shared */
	uint32_t mm_id;
	bool is_seen[MEMBER_COUNT];
	int64_t inherited[MEMBER_COUNT]; /* bytes at the fork, as far as known */
	int64_t size[MEMBER_COUNT];	 /* bytes when last heard of */
	uint64_t t_ns[MEMBER_COUNT];
};

/* Zero-initialise. */
struct touch_scale {
	struct touch_process *processes;
	size_t count;
};

/* Bytes gained (positive) or lost since the last sample; 0 for what is not to be counted. */
int64_t touch_weigh(struct touch_scale *scale, const struct touch_event *event);

void touch_scale_fork(struct touch_scale *scale, const struct touch_event *event);
void touch_scale_exec(struct touch_scale *scale, const struct touch_event *event);

/* Made when it is new; NULL when there are too many. */
struct touch_process *touch_scale_process(struct touch_scale *scale, pid_t pid);

void touch_scale_release(struct touch_scale *scale);

#endif
