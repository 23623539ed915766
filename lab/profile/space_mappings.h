/*
 * space_mappings.h - the mappings of all processes by who requested them, and how much; pure.
 *
 * Internal to lab/profile: address_space.h knows where they are. Ids of mappings begin with 1; a
 * mapping, once made, is never removed. Bounded: MAPPINGS_MAX, the second half of them one for each
 * call chain; of more, nothing is known. Units: bytes, CLOCK_MONOTONIC ns.
 */
#ifndef OOMLAB_PROFILE_SPACE_MAPPINGS_H
#define OOMLAB_PROFILE_SPACE_MAPPINGS_H

#include "profile/perf_sample.h"
#include "record/names.h"
#include "symbols/unwind.h"

enum { MAPPINGS_MAX = 512 };

enum { MAPPING_UNKNOWN = 0 };

struct space_mapping {
	enum mapping_what what;
	pid_t pid;
	bool is_requested; /* the program chose the address */
	uint64_t start;	   /* of the first call's */
	/*
	 * Of all calls together, without what was given back unused. Of small pieces, and of those
	 * that no event came before: the most that there was at once.
	 */
	int64_t bytes;
	int64_t calls;
	int64_t open_bytes, open_calls; /* of these, whose PERF_RECORD_MMAP2 is to come */
	int64_t returned;		/* of bytes: was given back, and may be mapped again */
	uint64_t t_ns;			/* of the first call */
	uint64_t first_ns, last_ns;	/* touched; 0: never */
	size_t depth;			/* 0: ownerless */
	struct unwind_frame *frames;	/* owned */
};

/* Zero-initialise. */
struct space_mappings {
	struct space_mapping *items; /* index: id - 1 */
	size_t count;
};

/* NULL: no such id. Valid until the next call that makes a mapping. */
struct space_mapping *space_mappings_at(const struct space_mappings *mappings, int id);

/* These return the id of a new mapping of the event's process, or MAPPING_UNKNOWN: all are taken. */
int space_mappings_new(struct space_mappings *mappings, enum mapping_what what,
		       const struct perf_event *event);
int space_mappings_new_by(struct space_mappings *mappings, enum mapping_what what,
			  const struct perf_event *event, const struct unwind_frame *frames,
			  size_t depth);

/* The mapping of that process and call chain, and of `kind`'s what and is_requested. */
int space_mappings_find(const struct space_mappings *mappings, const struct space_mapping *kind,
			pid_t pid, const struct unwind_frame *frames, size_t depth);

/* The mapping for an EVENT_RESERVE: a new one while there are few, else one for each call chain. */
int space_mappings_requested(struct space_mappings *mappings, const struct perf_event *event,
			     const struct unwind_frame *frames, size_t depth);

/* Counts address space that came to an ownerless mapping, or to one of requested addresses. */
void space_mappings_add(struct space_mapping *mapping, int64_t bytes);
/* Counts address space that was given back; is_unused: nobody can have touched it. */
void space_mappings_return(struct space_mapping *mapping, int64_t bytes, bool is_unused);

void space_mappings_release(struct space_mappings *mappings);

#endif
