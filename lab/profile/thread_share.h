/*
 * thread_share.h - shares the growth of a process among the threads that grew it; pure.
 *
 * All threads of a process share one resident size. What came between two samples of one thread is
 * that thread's; so it is where nearly every event is a sample. Else, where the samples of several
 * threads alternate, all that came is shared by how many events each thread had (the sample's
 * period) times its step: how many bytes it grows the size by at a time, small pages or huge ones.
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
		int64_t bytes; /* since the sample before, of whatever thread */
	} gains[SHARE_BATCH];
	size_t count;
	pid_t pid;
	enum rss_counter counter;
	pid_t last_tid; /* of the last gain; 0: learn nothing from the next one */
	struct {
		pid_t tid;
		double step;	  /* bytes at a time, at most; 0: not known */
	} threads[SHARE_THREADS]; /* by tid */
};

/* Takes in that `bytes` came by the event; they are credited now or later. pre: bytes >= 0 */
void thread_share_add(struct thread_share *share, const struct perf_event *event, int64_t bytes,
		      struct profile_row *row, struct credits *credits);
/* Credits all that was added. */
void thread_share_flush(struct thread_share *share, struct credits *credits);
/* The same, and no step is learnt from the next gain, because samples before it are missing. */
void thread_share_break(struct thread_share *share, struct credits *credits);

#endif
