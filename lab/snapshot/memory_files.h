/*
 * memory_files.h - finds files in memory (tmpfs, memfd): their pages are charged to the cgroup but
 * are in no process's resident size.
 *
 * The files that processes have open come first; where these hold little of memory.stat's shmem,
 * the tmpfs mounts that the target sees are searched. A search is due each time the charge has
 * grown by a sixteenth of the limit, from a quarter of it on, and every second from a half. Bounded
 * in processes, descriptors, files and folders. Names are hostile text. A file system that the
 * target itself serves (fuse(4)) is not waited for (memory_fs.h).
 */
#ifndef OOMLAB_SNAPSHOT_MEMORY_FILES_H
#define OOMLAB_SNAPSHOT_MEMORY_FILES_H

#include <sys/types.h>

#include "launch/cgroup.h"
#include "record/record.h"

/* The last search. Zero-initialise. */
struct memory_files {
	int64_t charge; /* of the cgroup then, bytes */
	int64_t t_ns;
};

/* Bytes; current and shmem may be ABSENT, a limit of INT64_MAX is none. */
struct memory_files_moment {
	const struct cg *cg;
	pid_t pid; /* the target, whose mounts are looked through */
	int64_t current, shmem, limit;
	int64_t started_ns; /* of the run; files nobody has open count only when written since */
	int ring_fd;	    /* oomlab's own trace ring, which is left out; -1: there is none */
};

/*
 * When a search is due: writes the first 16 files found that hold 1 MiB or more into the record,
 * the largest first.
 */
void memory_files_find(struct memory_files *files, const struct memory_files_moment *now,
		       struct record_writer *w);

#endif
