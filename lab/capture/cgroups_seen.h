/*
 * cgroups_seen.h - cgroups besides the run's own and those above it: what the target made below its
 * own, and those whose limits killed a process of the run elsewhere.
 *
 * Internal to lab/capture. They may go at any time: they are read when something happened, and at
 * the end. Bounded: CGROUPS_SEEN_MOST are told of.
 */
#ifndef OOMLAB_CAPTURE_CGROUPS_SEEN_H
#define OOMLAB_CAPTURE_CGROUPS_SEEN_H

#include <stddef.h>

#include "record/record.h"

enum { CGROUPS_SEEN_MOST = 64 };

/* Zero-initialise. */
struct cgroups_seen {
	struct record_cgroup_seen items[CGROUPS_SEEN_MOST]; /* as last written; paths are owned */
	size_t count;
};

struct capture;

/* All that are below the run's own, those written down that are new or have changed. */
void cgroups_seen_below(struct capture *capture);

/* The one of that path, as the kernel's log has it: hostile. */
void cgroups_seen_named(struct capture *capture, const char *path);

/* Those that are not below the run's own once more: a process of the run was killed. */
void cgroups_seen_again(struct capture *capture);

void cgroups_seen_release(struct cgroups_seen *seen);

#endif
