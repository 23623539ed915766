/*
 * thread_share.h - growth of one size, shared among the threads that grew it; pure.
 *
 * A process has one resident size for all its threads. Between two samples of one thread what came
 * is its own, and so it is where hardly an event is left out; else, where samples of several
 * alternate, all that came is shared by how often each thread grew it (the sample's period) and by
 * how much at a time it does: small pages or huge ones.
 *
 * Pattern of use: thread_share_add() for each gain in order of time; then thread_share_flush().
 */
#ifndef OOMLAB_PROFILE_THREAD_SHARE_H
#define OOMLAB_PROFILE_THREAD_SHARE_H

#include "profile/credits.h"

enum { SHARE_BATCH = 32, SHARE_THREADS = 256 };

/* Zero-initialise. */
struct thread_share {
	struct thread_gain {
		struct profile_row *row;
		pid_t tid;
		uint64_t period;
		int64_t bytes; /* since the sample before, whoever's */
	} gains[SHARE_BATCH];
	size_t count;
	pid_t pid;
	enum rss_counter counter;
	pid_t last_tid;
	struct {
		pid_t tid;
		double step; /* bytes at a time, at most; 0: not known */
	} threads[SHARE_THREADS];
};

/* pre: bytes >= 0 */
void thread_share_add(struct thread_share *share, const struct perf_event *event, int64_t bytes,
		      struct profile_row *row, struct credits *credits);
void thread_share_flush(struct thread_share *share, struct credits *credits);
/* As that, and what came until the next gain is not learnt from: samples are missing. */
void thread_share_break(struct thread_share *share, struct credits *credits);

#endif
