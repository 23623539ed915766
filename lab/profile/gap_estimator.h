/*
 * gap_estimator.h - growth that nobody watched, shared among those who were seen at it; pure.
 *
 * While kmem:rss_stat is off (sampling_duty.h), samples go on to tell which stacks are at work:
 * ticks of a clock inside the kernel, which is inside page faults, nearly always; or, where several
 * places alternate, some of the page faults themselves. What a process has gained at the end of the
 * gap is shared among them; where a sample told of it, that counts as one more.
 *
 * Where there were far fewer than that many bytes took before, what came did not come by them (a
 * mapping populated, a thread that had no tick): the rest is the sample's.
 * Bounded: of more than TICKS_MAX in one gap, the later ones are not counted.
 */
#ifndef OOMLAB_PROFILE_GAP_ESTIMATOR_H
#define OOMLAB_PROFILE_GAP_ESTIMATOR_H

#include <stdbool.h>

#include "profile/credits.h"

enum {
	TICKS_MAX = 4096,
	TICKS_TELLING = 3, /* fewer say little of whether they are of one place */
};

/* Zero-initialise. */
struct gap_estimator {
	struct gap_tick {
		pid_t pid;
		enum rss_counter counter;
		struct profile_row *row; /* who is at work */
		double weight;		 /* of a tick 1; of a page fault how many it stands for */
		bool is_unsure; /* in a system call: it counts where memory was seen to come */
	} items[TICKS_MAX];
	size_t count;
	double bytes;	   /* of a weight of 1, lately; 0: not known yet, the caller may set it */
	bool is_by_faults; /* they are page faults: no more than their pages can have come by them
			    */
	const struct profile_row *places[TICKS_TELLING]; /* of gaps that had fewer */
	size_t few;
	double is_mixed; /* 0 to 1: how many of the gaps lately were of more than one place */
};

void gap_estimator_add(struct gap_estimator *e, pid_t pid, enum rss_counter counter,
		       struct profile_row *row, double weight, bool is_unsure);

/* The weights of all that count. */
double gap_estimator_sum(struct gap_estimator *e, pid_t pid, enum rss_counter counter);

struct gap {
	pid_t pid;
	enum rss_counter counter;
	int64_t bytes;		  /* gained; negative: lost */
	int64_t most;		  /* can have come in that time, at the pace of late */
	struct profile_row *own;  /* the sample's; NULL where nothing was gained */
	struct profile_row *rest; /* gets what did not come by those who were seen; may be own */
};

/*
 * Shares what a process gained in a gap. Where it shrank the ticks say what was gained all the
 * same; returns how many bytes were lost then, else 0.
 */
int64_t gap_estimator_share(struct gap_estimator *e, const struct gap *gap,
			    struct credits *credits);

/*
 * The same where the size was read, and no sample told of it. Returns what they explain, 0 to
 * bytes.
 */
int64_t gap_estimator_explain(struct gap_estimator *e, pid_t pid, enum rss_counter counter,
			      int64_t bytes, struct credits *credits);

/*
 * A process has ended that was not looked at again: its ticks get `part` for each
 * weight of 1. Returns all.
 */
int64_t gap_estimator_end(struct gap_estimator *e, pid_t pid, enum rss_counter counter, double part,
			  struct credits *credits);

#endif
