/*
 * gap_estimator.h - shares what a process gained in a gap among the rows that were at work; pure.
 *
 * While kmem:rss_stat is off (a gap, sampling_duty.h), ticks say which rows are at work. A tick is
 * a sample of a clock that runs inside the kernel alone, where a program is for page faults nearly
 * always; or, where several rows take turns, a sample of page faults. What a process has gained at
 * the end of the gap is shared among its ticks. If a sample of kmem:rss_stat said what it gained,
 * that sample counts as one more tick.
 *
 * A tick gets little more than ticks got lately. What is left did not come by page faults (a
 * mapping populated, a thread without a tick), and is the sample's. Bounded: beyond TICKS_MAX in
 * one gap, later ticks are not counted.
 */
#ifndef OOMLAB_PROFILE_GAP_ESTIMATOR_H
#define OOMLAB_PROFILE_GAP_ESTIMATOR_H

#include <stdbool.h>

#include "profile/credits.h"

enum {
	TICKS_MAX = 4096,
	TICKS_TELLING = 3, /* fewer say little of whether a gap is of one row */
};

/* Zero-initialise. */
struct gap_estimator {
	struct gap_tick {
		pid_t pid;
		enum rss_counter counter;
		struct profile_row *row; /* at work */
		double weight;		 /* of the clock 1; of page faults how many it stands for */
		bool is_unsure; /* in a system call: counts if its row is known to gain memory */
	} items[TICKS_MAX];
	size_t count;
	double bytes; /* that a weight of 1 got lately; 0: not known yet, the caller may set it */
	bool is_by_faults; /* ticks are page faults: each brings a page, no more */
	const struct profile_row *few_rows[TICKS_TELLING]; /* rows of ticks of gaps with fewer */
	size_t few_count;
	double mixed_part; /* 0 to 1: part of the gaps lately that were of more than one row */
};

/* Adds a tick. */
void gap_estimator_add(struct gap_estimator *e, pid_t pid, enum rss_counter counter,
		       struct profile_row *row, double weight, bool is_unsure);

/* The sum of the weights of all ticks that count; drops the others. */
double gap_estimator_sum(struct gap_estimator *e, pid_t pid, enum rss_counter counter);

struct gap {
	pid_t pid;
	enum rss_counter counter;
	int64_t bytes;		  /* gained; negative: lost */
	int64_t most;		  /* bytes that can have come in the time, at the rate of lately */
	struct profile_row *own;  /* the sample's; NULL where nothing was gained */
	struct profile_row *rest; /* gets what the ticks do not explain; may be own */
};

/*
 * Shares what a process gained in a gap. Where it shrank, the ticks get what they got lately all
 * the same; returns how many bytes were lost then, else 0.
 */
int64_t gap_estimator_share(struct gap_estimator *e, const struct gap *gap,
			    struct credits *credits);

/*
 * The same where the size was read in /proc instead of from a sample. Returns how many bytes the
 * ticks explain, 0 to `bytes`.
 */
int64_t gap_estimator_explain(struct gap_estimator *e, pid_t pid, enum rss_counter counter,
			      int64_t bytes, struct credits *credits);

/* Gives the ticks of a process and counter `part` bytes for each weight of 1; returns the sum. */
int64_t gap_estimator_end(struct gap_estimator *e, pid_t pid, enum rss_counter counter, double part,
			  struct credits *credits);

#endif
