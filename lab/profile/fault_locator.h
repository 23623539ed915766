/*
 * fault_locator.h - which mapping the bytes of a sample are in; pure.
 *
 * A sample of kmem:rss_stat has no address. Page faults have one and come from the same
 * instructions, so the bytes of a sample are taken to be where the thread's last fault at the same
 * instruction was. Bytes that a system call populates are where the call was told to.
 * Bounded: one fault is kept for each of WHERE_SLOTS hashes of thread and instruction.
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

/* Where an EVENT_FAULT is; remembers it. */
struct fault_location fault_locator_fault(struct fault_locator *locator,
					  const struct address_spaces *spaces,
					  const struct perf_event *event);

/* Where the bytes of an EVENT_RSS are; all 0 when that is not known. */
struct fault_location fault_locator_rss(const struct fault_locator *locator,
					const struct address_spaces *spaces,
					const struct perf_event *event);

/*
 * Where a thread works at an EVENT_TICK, while faults are not sampled: in the mapping it requested
 * since its last fault at that instruction, else as for an EVENT_RSS.
 */
struct fault_location fault_locator_tick(const struct fault_locator *locator,
					 const struct address_spaces *spaces,
					 const struct perf_event *event);

#endif
