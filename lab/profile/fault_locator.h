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

struct fault_location {
	int mapping; /* or MAPPING_UNKNOWN */
	bool is_on_stack;
};

/* Zero-initialise. */
struct fault_locator {
	struct {
		pid_t tid;
		uint64_t pc, sp, address, t_ns;
	} last[WHERE_SLOTS];
};

/* Of a EVENT_FAULT, which is kept in mind. */
struct fault_location fault_locator_fault(struct fault_locator *locator,
					  const struct address_spaces *spaces,
					  const struct perf_event *event);

/* Of a EVENT_RSS; all 0 when it is not known. */
struct fault_location fault_locator_rss(const struct fault_locator *locator,
					const struct address_spaces *spaces,
					const struct perf_event *event);

/*
 * Of a EVENT_TICK, while faults are not sampled: what a thread mapped since the last it is known of
 * is what it works on now.
 */
struct fault_location fault_locator_tick(const struct fault_locator *locator,
					 const struct address_spaces *spaces,
					 const struct perf_event *event);

#endif
