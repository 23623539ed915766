/*
 * cgroups_seen.h - cgroups besides the run's own and those above it: what the target made below its
 * own, and those whose limits killed a process of the run elsewhere.
 *
 * Internal to lab/capture. These cgroups may go at any time, so they are read as soon as something
 * was killed. Bounded: CGROUPS_SEEN_MOST cgroups, 9 levels down, 256
 * entries of each directory.
 */
#ifndef OOMLAB_CAPTURE_CGROUPS_SEEN_H
#define OOMLAB_CAPTURE_CGROUPS_SEEN_H

#include <stddef.h>

#include "record/record.h"

enum { CGROUPS_SEEN_MOST = 64 };

/* Zero-initialise. */
struct cgroups_seen {
	struct record_cgroup_seen items[CGROUPS_SEEN_MOST]; /* as last written; owns the paths */
	size_t count;
};

struct capture;

/* Reads all cgroups below the run's own, and writes those that are new or have changed. */
void cgroups_seen_below(struct capture *capture);

/* Reads the cgroup of that path, which is hostile text of the kernel log. */
void cgroups_seen_named(struct capture *capture, const char *path);

/* Reads those again that are not below the run's own, after a process of the run was killed. */
void cgroups_seen_again(struct capture *capture);

void cgroups_seen_release(struct cgroups_seen *seen);

#endif
