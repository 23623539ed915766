/*
 * invokers.h - the threads that invoked the OOM killer, with their call chains; pure.
 *
 * Internal to lab/profile. The kernel's own report has the registers of such a thread, but not who
 * called the function that it was in. Bounded: the first INVOKERS_MAX are kept.
 */
#ifndef OOMLAB_PROFILE_INVOKERS_H
#define OOMLAB_PROFILE_INVOKERS_H

#include "profile/perf_sample.h"
#include "symbols/unwind.h"

enum { INVOKERS_MAX = 256 };

struct invoker {
	uint64_t t_ns;
	pid_t pid, tid, victim;
	size_t depth;
	struct unwind_frame *frames; /* owned */
};

/* Zero-initialise. */
struct invokers {
	struct invoker *items;
	size_t count;
};

/* EVENT_INVOKE, with its stack; one without a stack is not kept. */
void invokers_add(struct invokers *invokers, const struct perf_event *event,
		  const struct unwind_frame *frames, size_t depth);
void invokers_release(struct invokers *invokers);

#endif
