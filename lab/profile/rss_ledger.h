/*
 * rss_ledger.h - from the sizes that samples tell to bytes gained and lost between them; pure.
 *
 * A sample says how large one counter of one mm is now. What lies between two samples of the same
 * counter is counted to the later one, so that the sum is right whatever the period; what a forked
 * child has from its parent is nobody's growth.
 * Bounded: RSS_PROCESSES_MAX processes; of more, nothing is weighed.
 */
#ifndef OOMLAB_PROFILE_RSS_LEDGER_H
#define OOMLAB_PROFILE_RSS_LEDGER_H

#include "profile/perf_sample.h"

enum { RSS_PROCESSES_MAX = 8192 };

struct rss_process {
	pid_t pid, parent;
	bool has_mm, has_forked; /* it, or what it came from: pages may be shared */
	bool is_copy;		 /* forked, and neither ended nor another program yet */
	bool is_blind;		 /* forked while nobody looked: of what size is not known */
	uint32_t mm_id;
	bool is_seen[RSS_COUNT];
	bool is_watched;	      /* for huge pages; what it starts is, too */
	int64_t inherited[RSS_COUNT]; /* bytes at the fork, as far as known */
	int64_t size[RSS_COUNT];      /* bytes when last heard of */
	uint64_t t_ns[RSS_COUNT];
	uint64_t pages[RSS_COUNT]; /* of all processes, then */
	uint64_t end_ns;	   /* 0: not seen */
	int64_t highest;	   /* bytes of all counters together, of what was heard */
	bool is_killed;
	int64_t peak; /* bytes of all counters together at their highest; 0: not known */
};

/* Zero-initialise. */
struct rss_ledger {
	struct rss_process *processes;
	size_t count;
	size_t copies;	/* of them, is_copy */
	uint64_t pages; /* counted, of all processes */
};

/* Bytes gained (positive) or lost since the last sample; 0 for what is not to be counted. */
int64_t rss_ledger_weigh(struct rss_ledger *ledger, const struct perf_event *event);

/* Pages of all processes since the same counter was last heard of, before it is weighed. */
uint64_t rss_ledger_pages(struct rss_ledger *ledger, const struct perf_event *event);

/* When the same counter was last heard of; 0: never. */
uint64_t rss_ledger_last_ns(struct rss_ledger *ledger, const struct perf_event *event);

/* Its size was read, and is `size`; by pid, counter and time of the event. */
void rss_ledger_read(struct rss_ledger *ledger, struct rss_process *p,
		     const struct perf_event *event, int64_t size);

/* It had grown by bytes that no sample told of when it ended, beyond its highest size. */
void rss_ledger_grow(struct rss_ledger *ledger, pid_t pid, enum rss_counter counter, int64_t bytes);

/* It was higher by bytes than was heard, before it shrank. */
void rss_ledger_was_higher(struct rss_ledger *ledger, pid_t pid, int64_t bytes);

/*
 * The highest resident size, of one that has ended, by its ru_maxrss: a parent's can be that of a
 * child it has waited for (getrusage(2)), and says nothing. Of one that was killed it can be what
 * was left of it: what is lower than was heard says nothing then.
 */
void rss_ledger_peak(struct rss_ledger *ledger, pid_t pid, int64_t bytes, bool is_killed);
/* What is missing of it, or -1; and for how long the process was not heard of before its end. */
int64_t rss_ledger_missing(const struct rss_ledger *ledger, pid_t pid, uint64_t *unheard_ns);

/* is_blind: its parent may have grown since it was last heard of. */
void rss_ledger_fork(struct rss_ledger *ledger, const struct perf_event *event, bool is_blind);
void rss_ledger_exit(struct rss_ledger *ledger, pid_t pid, uint64_t t_ns);
void rss_ledger_exec(struct rss_ledger *ledger, const struct perf_event *event);

/* Made when it is new; NULL when there are too many. */
struct rss_process *rss_ledger_process(struct rss_ledger *ledger, pid_t pid);

void rss_ledger_release(struct rss_ledger *ledger);

#endif
