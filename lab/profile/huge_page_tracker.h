/*
 * huge_page_tracker.h - huge pages among many small ones: who got each, and when; pure.
 *
 * A sample of kmem:rss_stat stands for all pages since the one before, and its line gets what they
 * were. A huge page is 512 small ones: the line of a page that just happened to be sampled would
 * get it. So of huge pages each is sampled when it is handed out (kmem:mm_page_alloc), and is given
 * to its line when the next sample tells that the process has grown. Pages that it has not grown
 * by, a file's in the page cache, are forgotten then.
 *
 * That costs some 100 ns for each small page too, so it is off while many come and none is huge;
 * on again when a process grew by more than small pages can be, or when few come.
 */
#ifndef OOMLAB_PROFILE_HUGE_PAGE_TRACKER_H
#define OOMLAB_PROFILE_HUGE_PAGE_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "profile/credits.h"

enum {
	HUGE_PENDING_MAX = 4096,
	HUGE_CREDIT = 16384,	  /* small pages in a row with it on */
	HUGE_CREDIT_BACK = 512,	  /* is left when few come */
	HUGE_FEW_A_SECOND = 8192, /* small pages that it is on for always */
	HUGE_LEAST_BYTES = 1 << 20,
	HUGE_WAIT_NS = 5000000,
	HUGE_SETTLE_NS = 100000000,
};

/* Zero-initialise. */
struct huge_page_tracker {
	struct huge_page {
		pid_t pid, tid;
		uint64_t t_ns;
		int64_t bytes;
		struct profile_row *row;
	} pending[HUGE_PENDING_MAX];
	size_t count;
	double credit; /* small pages */
	bool is_opened;
	bool is_off;
	bool is_seen;	   /* one was given since the last step */
	bool is_suspected; /* one came unseen since the last step */
};

/* From now on; on at first. */
void huge_page_tracker_open(struct huge_page_tracker *huge);

/* One was handed out; of more than HUGE_PENDING_MAX, nothing is known. */
void huge_page_tracker_add(struct huge_page_tracker *huge, const struct perf_event *event,
			   struct profile_row *row);

/*
 * A counter of a process has grown by `bytes` since it was heard of, by `pages` events at most, as
 * a thread's sample tells: what of it were huge pages is given to their lines, that thread's first.
 * Another's stays pending for HUGE_SETTLE_NS while the process has not grown by all of it: it is
 * cleared before it is mapped. Returns what was given: 0 or more, at most `bytes`.
 */
int64_t huge_page_tracker_take(struct huge_page_tracker *huge, const struct perf_event *event,
			       int64_t bytes, uint64_t pages, struct credits *credits);

/*
 * At the end, a process missed so many bytes, or -1: not known, as many as there are then. All is
 * given to its pages, up to twice what they are: others came before the first was told of.
 * Returns what was given, to RSS_ANON; 0: it has none.
 */
int64_t huge_page_tracker_end(struct huge_page_tracker *huge, pid_t pid, int64_t missing,
			      struct credits *credits);

/* Whether growth by so many events is more than small pages are. */
bool huge_page_tracker_is_suspect(int64_t bytes, uint64_t pages);
/* One came unseen. */
void huge_page_tracker_suspect(struct huge_page_tracker *huge);

/* So many pages of all kinds were counted in so much time. pre: all were, none was looked away from
 */
void huge_page_tracker_step(struct huge_page_tracker *huge, uint64_t pages, uint64_t ns);

/* From the last step to the next that has to be; 0: when there are samples to read. */
uint64_t huge_page_tracker_wait_ns(const struct huge_page_tracker *huge);

#endif
