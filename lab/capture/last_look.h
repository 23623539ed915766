/*
 * last_look.h - what is gone at once when a container ends: how its first process ended, which its
 * engine waits for, and the counters of its cgroup, which systemd removes. A thread sleeps until
 * then and reads both before anybody else does, whatever the poll loop is busy with.
 *
 * Pattern of use: last_look_begin() before the gate opens; last_look_end() when the target's end is
 * seen, or at any other stage; then the results. The thread writes nothing but them.
 * LIMITATION: without the right to a real-time priority it may still come too late.
 */
#ifndef OOMLAB_CAPTURE_LAST_LOOK_H
#define OOMLAB_CAPTURE_LAST_LOOK_H

#include <pthread.h>

#include "launch/cgroup.h"
#include "launch/target.h"
#include "record/record.h"

/* Zero-initialise. */
struct last_look {
	const struct cg *cg;
	pid_t pid;
	int pidfd, stop_fd;
	pthread_t thread;
	bool is_running;
	/* Results, once it has ended. */
	bool is_taken;			      /* the process had ended, and this was read: */
	int status;			      /* its wait status; 0: not seen */
	struct record_counters events, local; /* of its cgroup; all absent when it was gone */
	struct record_sample sample;
};

void last_look_begin(struct last_look *look, const struct cg *cg, const struct target *target);

/* Waits for the thread, which does not wait any more. */
void last_look_end(struct last_look *look);

#endif
