/*
 * rss_ledger.h - keeps the last size of each rss counter of each process, so that samples become
 * bytes gained and lost; pure.
 *
 * A sample says how large one counter of one mm is now. The difference of two samples of a counter
 * counts for the later one, so the sum is right whatever the period. What a forked child has from
 * its parent is no gain. Sizes are bytes, times CLOCK_MONOTONIC ns. Bounded: RSS_PROCESSES_MAX
 * processes; of more, nothing is counted.
 */
#ifndef OOMLAB_PROFILE_RSS_LEDGER_H
#define OOMLAB_PROFILE_RSS_LEDGER_H

#include "profile/perf_sample.h"

enum { RSS_PROCESSES_MAX = 8192 };

struct rss_process {
	pid_t pid, parent;
	bool has_mm;	       /* mm_id is known */
	bool has_forked;       /* it, or by a fork its parent: pages may be shared */
	bool is_copy;	       /* forked, and neither ended nor executed another program yet */
	bool is_forked_unseen; /* forked while the tracepoint was off: inherited is not exact */
	uint32_t mm_id;
	bool is_seen[RSS_COUNT];
	bool is_watched;	      /* its huge pages are sampled, and those of its children */
	int64_t inherited[RSS_COUNT]; /* at the fork, as far as known */
	int64_t size[RSS_COUNT];      /* when last known; valid where is_seen */
	uint64_t t_ns[RSS_COUNT];     /* of that size */
	uint64_t pages[RSS_COUNT];    /* ledger->pages at that time */
	uint64_t end_ns;	      /* 0: not seen */
	int64_t highest;	      /* sum of all counters, of the sizes known here */
	bool is_killed;
	int64_t peak; /* the kernel's highest sum (ru_maxrss); 0: not known */
};

/* Zero-initialise. */
struct rss_ledger {
	struct rss_process *processes;
	size_t count;
	size_t copies;	/* processes that are is_copy */
	uint64_t pages; /* events that all samples stand for, of all processes */
};

/* Takes a sample in. Returns bytes gained, or lost (negative); 0 also for what is not counted. */
int64_t rss_ledger_gain(struct rss_ledger *ledger, const struct perf_event *event);

/* Events of all processes since the counter's last size. Call before rss_ledger_gain(). */
uint64_t rss_ledger_pages(struct rss_ledger *ledger, const struct perf_event *event);

/* When the counter's last size was known; 0: never. Call before rss_ledger_gain(). */
uint64_t rss_ledger_last_ns(struct rss_ledger *ledger, const struct perf_event *event);

/* Sets a size that was read in /proc; counter and time are the event's. */
void rss_ledger_set_size(struct rss_ledger *ledger, struct rss_process *p,
			 const struct perf_event *event, int64_t size);

/* At the end: adds bytes that no sample told of to a size, and to `highest`. */
void rss_ledger_add_unseen(struct rss_ledger *ledger, pid_t pid, enum rss_counter counter,
			   int64_t bytes);

/* The process was higher by `bytes` than `highest` says, before it shrank. */
void rss_ledger_was_higher(struct rss_ledger *ledger, pid_t pid, int64_t bytes);

/*
 * Sets the peak of a process that has ended from its ru_maxrss, which getrusage(2) describes. That
 * of a process that has forked is ignored, because it can be the child's. That of a killed one can
 * be what was left of it, so it counts only where it is above `highest`.
 */
void rss_ledger_peak(struct rss_ledger *ledger, pid_t pid, int64_t bytes, bool is_killed);
/*
 * Bytes of the peak that no sample told of, or -1: not known. *unheard_ns: from the last size to
 * its end.
 */
int64_t rss_ledger_missing(const struct rss_ledger *ledger, pid_t pid, uint64_t *unheard_ns);

/* is_forked_unseen: the parent may have grown since its last size. */
void rss_ledger_fork(struct rss_ledger *ledger, const struct perf_event *event,
		     bool is_forked_unseen);
void rss_ledger_exit(struct rss_ledger *ledger, pid_t pid, uint64_t t_ns);
void rss_ledger_exec(struct rss_ledger *ledger, const struct perf_event *event);

/* Made when it is new; NULL when there are too many. Valid until the next one is made. */
struct rss_process *rss_ledger_process(struct rss_ledger *ledger, pid_t pid);

void rss_ledger_release(struct rss_ledger *ledger);

#endif
