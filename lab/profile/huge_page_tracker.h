/*
 * huge_page_tracker.h - credits each huge page to the row that got it; pure.
 *
 * A sample of kmem:rss_stat stands for all pages since the one before, and its row is credited with
 * them. A huge page is 512 small ones, so the row of the next sample would by chance get much that
 * is not its own. Therefore each huge page is a sample when the kernel allocates it
 * (kmem:mm_page_alloc), is pending, and is credited to its row when the next sample of
 * kmem:rss_stat says that the process has grown. Pending pages by which it has not grown, as those
 * of the page cache, are dropped then.
 *
 * The tracepoint costs some 100 ns for each small page too, so it is off while many of these come
 * and none is huge. It is on again when a process grew by more than small pages explain, or when
 * few come.
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
	HUGE_CREDIT = 16384,	  /* small pages in a row for which it stays on */
	HUGE_CREDIT_BACK = 512,	  /* the credit when few come again */
	HUGE_FEW_A_SECOND = 8192, /* small pages a second for which it is always on */
	HUGE_LEAST_BYTES = 1 << 20,
	HUGE_WAIT_NS = 5000000,	    /* between steps while it is off */
	HUGE_SETTLE_NS = 100000000, /* how long a page is pending at most */
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
	double credit;	   /* small pages that may still come before it is off */
	bool is_opened;	   /* the tracepoint is */
	bool is_off;	   /* the tracepoint is */
	bool is_seen;	   /* a huge page was credited since the last step */
	bool is_suspected; /* one came without a sample since the last step */
};

/* The tracepoint is open and on from now on. */
void huge_page_tracker_open(struct huge_page_tracker *huge);

/* EVENT_HUGE: a page was allocated. Beyond HUGE_PENDING_MAX pending ones it is ignored. */
void huge_page_tracker_add(struct huge_page_tracker *huge, const struct perf_event *event,
			   struct profile_row *row);

/*
 * EVENT_RSS: a counter of a process has grown by `bytes` since its last sample, by `pages` events
 * at most. Credits the huge pages among that, those of the event's thread first. A page of another
 * thread stays pending, HUGE_SETTLE_NS at most, until the process has grown by all of it: the
 * kernel allocates and clears a page some time before it maps it. Returns the bytes credited: 0 to
 * `bytes`.
 */
int64_t huge_page_tracker_take(struct huge_page_tracker *huge, const struct perf_event *event,
			       int64_t bytes, uint64_t pages, struct credits *credits);

/*
 * At the end `missing` bytes of a process are not explained; -1: not known, its pending pages count
 * as they are. Credits its pending pages with that, up to twice their size, because some may have
 * come before the first was sampled. Returns the bytes credited, of RSS_ANON; 0: it has none
 * pending.
 */
int64_t huge_page_tracker_end(struct huge_page_tracker *huge, pid_t pid, int64_t missing,
			      struct credits *credits);

/* Whether growth by so many events is more than small pages explain. */
bool huge_page_tracker_is_suspect(int64_t bytes, uint64_t pages);
/* A huge page came without a sample. */
void huge_page_tracker_suspect(struct huge_page_tracker *huge);

/* Takes in that `pages` pages came in `ns`. pre: kmem:rss_stat was on all that time */
void huge_page_tracker_step(struct huge_page_tracker *huge, uint64_t pages, uint64_t ns);

/* How long after the last step the next is due; 0: when there are samples to read. */
uint64_t huge_page_tracker_wait_ns(const struct huge_page_tracker *huge);

#endif
