/*
 * look.h - looks around in processes that stand still: threads and their stacks, resident memory
 * by mapping, open files that live in memory. Private to lab/capture.
 *
 * Writes what it sees into the record at once, so that little memory is needed. Bounded in
 * processes, threads, mappings, files and time; what was left out is counted in struct look and
 * written by look_write_left(). Everything read (names, comm, stacks) is hostile.
 *
 * Pattern of use: fill the first part of struct look; look_at() for each process, the most
 * important first; look_write_left().
 */
#ifndef OOMLAB_SNAPSHOT_LOOK_H
#define OOMLAB_SNAPSHOT_LOOK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/io.h"
#include "record/premortem.h"
#include "symbols/unwind.h"
#include "trace/trace_ring.h"

enum {
	LOOK_PROCESSES_MAX = 64,
	LOOK_THREADS_MAX = 256,
	LOOK_MAPPINGS_MAX = 16,	     /* of one process; the rest is one line */
	LOOK_SMAPS_MAX = 20000,	     /* mappings read of one process */
	LOOK_FDS_MAX = 4096,	     /* descriptors looked at of one process */
	LOOK_FILES_MAX = 64,	     /* of all */
	LOOK_STACK_BYTES = 64 << 10, /* of one thread */
};

struct look {
	struct record_writer *w;
	const char *proc;	     /* "/proc" */
	struct unwind *unwind;	     /* has, or is told here, what the processes map */
	const struct trace_log *log; /* arenas, to be found again in mappings; may be NULL */
	bool is_frozen;		     /* threads can be asked for their registers */
	uint64_t ring_dev, ring_ino; /* the trace ring, the lab's own file */
	int64_t deadline_ns;

	/* So far. */
	size_t processes, threads, files;
	struct {
		int64_t processes, threads, mappings, files;
	} left;
	struct look_file {
		uint64_t dev, ino;
	} seen[LOOK_FILES_MAX];
};

/* The process with all that is told of it. One that has gone adds nothing. */
void look_at(struct look *look, pid_t pid);
void look_write_left(const struct look *look);

/* The parts of look_at(). */
void look_at_threads(struct look *look, pid_t pid);
void look_at_mappings(struct look *look, pid_t pid);
void look_at_files(struct look *look, pid_t pid);

static inline bool look_is_late(const struct look *look)
{
	return io_now_ns() > look->deadline_ns;
}

#endif
