/*
 * memory_files.h - files in memory near the limit: what is written to them is charged, and no
 * process has it.
 *
 * They are found where processes have them open, else in the target's tmpfs. Bounded in processes,
 * descriptors, files and folders; looked for each sixteenth of the limit from a quarter of it on,
 * and every second from a half. Names are hostile text; a file system that the target itself serves
 * is not asked anything.
 */
#ifndef OOMLAB_SNAPSHOT_MEMORY_FILES_H
#define OOMLAB_SNAPSHOT_MEMORY_FILES_H

#include <sys/types.h>

#include "launch/cgroup.h"
#include "record/record.h"

/* When they were last looked for. Zero-initialise. */
struct memory_files {
	int64_t charge; /* of that moment, bytes */
	int64_t t_ns;
};

/* Bytes; current and shmem may be ABSENT, a limit of INT64_MAX is none. */
struct memory_files_moment {
	const struct cg *cg;
	pid_t pid; /* the target, whose mounts are looked through */
	int64_t current, shmem, limit;
	int64_t started_ns; /* files older than the run are not its own */
	int ring_fd;	    /* the lab's own trace, which is none of them; -1: there is none */
};

/* Writes the largest into the record, when it is time. */
void memory_files_look(struct memory_files *files, const struct memory_files_moment *now,
		       struct record_writer *w);

#endif
