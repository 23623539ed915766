/*
 * end_reader.h - a thread that reads, at the end of a container, what is gone a moment later: the
 * wait status of its first process, which the engine reaps, and the counters of its cgroup, which
 * systemd removes. It sleeps until then, and does not depend on what the poll loop is busy with.
 *
 * Pattern of use: end_reader_start() before the gate opens; end_reader_stop() when the target's end
 * is seen, or at any other stage; then the results. The thread writes to the results alone.
 * LIMITATION: without the right to a real-time priority it may come too late.
 */
#ifndef OOMLAB_CAPTURE_END_READER_H
#define OOMLAB_CAPTURE_END_READER_H

#include <pthread.h>

#include "launch/cgroup.h"
#include "launch/target.h"
#include "record/record.h"

/* Zero-initialise. */
struct end_reader {
	const struct cg *cg; /* the caller's, as the pidfd is, until end_reader_stop() */
	pid_t pid;
	int pidfd, stop_fd;
	pthread_t thread;
	bool is_running;
	/* Results, after end_reader_stop(). */
	bool is_taken; /* the process has ended, and these were read */
	int status;    /* its wait status; 0: it exited with 0, or not seen */
	struct record_counters events, local; /* of its cgroup; all ABSENT when that was gone */
	struct record_sample sample;
};

/* Where no thread can be started, is_running and is_taken stay false. */
void end_reader_start(struct end_reader *reader, const struct cg *cg, const struct target *target);

/* Wakes the thread and joins it. A second call does nothing. */
void end_reader_stop(struct end_reader *reader);

#endif
