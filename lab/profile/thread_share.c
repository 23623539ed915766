#include "profile/thread_share.h"

/* Threads that grow by less at a time than this are taken to touch small pages. */
#define SMALL_STEP (64.0 * 1024)
#define SMALL_PAGE 4096.0

static double *step_of(struct thread_share *share, pid_t tid)
{
	size_t at = (unsigned int)tid % SHARE_THREADS;

	if (share->threads[at].tid != tid) {
		share->threads[at].tid = tid;
		share->threads[at].step = 0;
	}
	return &share->threads[at].step;
}

/* Whether each gain is its thread's own: it is alone, or nearly every event is a sample. */
static bool is_exact(const struct thread_share *share)
{
	bool is_alone = true;
	uint64_t events = 0;

	for (size_t i = 0; i < share->count; i++) {
		is_alone &= share->gains[i].tid == share->gains[0].tid;
		events += share->gains[i].period < 1000 ? share->gains[i].period : 1000;
	}
	return is_alone || events < share->count * 3 / 2;
}

/* Another thread may have grown the size in between, so a step is an upper bound. */
static double weight(struct thread_share *share, const struct thread_gain *gain, double common)
{
	double step = *step_of(share, gain->tid);

	if (step <= 0)
		step = common;
	return (double)gain->period * (step < SMALL_STEP ? 1 : step / SMALL_PAGE);
}

/* What threads of unknown step are taken to grow at a time: the mean of all. */
static double common_step(const struct thread_share *share)
{
	double bytes = 0, events = 0;

	for (size_t i = 0; i < share->count; i++) {
		bytes += (double)share->gains[i].bytes;
		events += (double)share->gains[i].period;
	}
	return events > 0 && bytes > 0 ? bytes / events : 1;
}

static void share_out(struct thread_share *share, struct credits *credits)
{
	double common = common_step(share), weights = 0;
	int64_t left = 0, bytes = 0;

	for (size_t i = 0; i < share->count; i++) {
		left += share->gains[i].bytes;
		weights += weight(share, &share->gains[i], common);
	}
	bytes = left;
	for (size_t i = 0; i < share->count; i++) {
		const struct thread_gain *gain = &share->gains[i];
		int64_t part = weights > 0 ? (int64_t)((double)bytes / weights *
						       weight(share, gain, common))
					   : 0;

		part = i + 1 == share->count || part > left ? left : part;
		credits_add(credits, gain->row, share->counter, part);
		left -= part;
	}
}

void thread_share_flush(struct thread_share *share, struct credits *credits)
{
	if (is_exact(share))
		for (size_t i = 0; i < share->count; i++)
			credits_add(credits, share->gains[i].row, share->counter,
				    share->gains[i].bytes);
	else
		share_out(share, credits);
	share->count = 0;
}

void thread_share_break(struct thread_share *share, struct credits *credits)
{
	thread_share_flush(share, credits);
	share->last_tid = 0;
}

static void learn(struct thread_share *share, const struct perf_event *event, int64_t bytes)
{
	double *step = step_of(share, event->tid);
	double now = event->period ? (double)bytes / (double)event->period : 0;

	if (share->last_tid == event->tid && now > 0)
		*step = *step > 0 && *step * 1.1 < now ? *step * 1.1 : now;
	share->last_tid = event->tid;
}

void thread_share_add(struct thread_share *share, const struct perf_event *event, int64_t bytes,
		      struct profile_row *row, struct credits *credits)
{
	if (share->count == SHARE_BATCH || share->pid != event->pid ||
	    share->counter != event->counter)
		thread_share_flush(share, credits);
	share->pid = event->pid;
	share->counter = event->counter;
	learn(share, event, bytes);
	share->gains[share->count++] =
		(struct thread_gain){row, event->tid, event->period ? event->period : 1, bytes};
}
