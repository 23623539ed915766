/*
 * snapshot.h - writes what frozen processes are like: threads and their stacks, resident memory by
 * mapping, open files that live in memory. premortem.h freezes them.
 *
 * What is seen is written into the record at once, so that little memory is needed. Bounded in
 * processes, threads, mappings, files and time; what was left out is counted in struct snapshot and
 * written by snapshot_write_left(). Everything read (names, comm, stacks) is hostile. Not thread
 * safe.
 *
 * Pattern of use: fill the first part of struct snapshot; snapshot_process() for each process, the
 * most important first; snapshot_write_left().
 */
#ifndef OOMLAB_SNAPSHOT_SNAPSHOT_H
#define OOMLAB_SNAPSHOT_SNAPSHOT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/io.h"
#include "record/premortem_lines.h"
#include "snapshot/memory_fs.h"
#include "symbols/unwind.h"
#include "trace/trace_ring.h"

enum {
	SNAPSHOT_PROCESSES_MAX = 64,
	SNAPSHOT_THREADS_MAX = 256,
	SNAPSHOT_MAPPINGS_MAX = 16,	 /* of one process; the rest is one line */
	SNAPSHOT_SMAPS_MAX = 20000,	 /* mappings read of one process */
	SNAPSHOT_FDS_MAX = 4096,	 /* descriptors looked at of one process */
	SNAPSHOT_FILES_MAX = 64,	 /* of all processes together */
	SNAPSHOT_STACK_BYTES = 64 << 10, /* of one thread */
};

struct snapshot {
	struct record_writer *w;
	const char *proc;	     /* "/proc" */
	struct unwind *unwind;	     /* code mappings that it does not know yet are added */
	const struct trace_log *log; /* its arenas are named in the mappings; may be NULL */
	bool is_frozen;		     /* false: threads are not traced for their registers */
	uint64_t ring_dev, ring_ino; /* oomlab's trace ring, which is left out; 0: none */
	int64_t deadline_ns;	     /* CLOCK_MONOTONIC; what comes later is left out */

	/* So far; zero-initialise. */
	struct memory_fs fs;
	size_t processes, threads, files;
	struct {
		int64_t processes, threads, mappings, files;
	} left; /* left out */
	struct snapshot_file {
		uint64_t dev, ino;
	} seen[SNAPSHOT_FILES_MAX]; /* the first `files` are set */
};

/* Writes a process with its threads, mappings and files. One that is gone adds nothing. */
void snapshot_process(struct snapshot *snapshot, pid_t pid);
/* Writes how much was left out; once, at the end. */
void snapshot_write_left(const struct snapshot *snapshot);

/* The parts of snapshot_process(). */
void snapshot_threads(struct snapshot *snapshot, pid_t pid);
void snapshot_mappings(struct snapshot *snapshot, pid_t pid);
void snapshot_files(struct snapshot *snapshot, pid_t pid);

static inline bool snapshot_is_late(const struct snapshot *snapshot)
{
	return io_now_ns() > snapshot->deadline_ns;
}

#endif
