/*
 * sampling_duty.h - decides when kmem:rss_stat is on, so that every page is counted, and when it is
 * off; pure.
 *
 * While kmem:rss_stat is on, each page that is counted costs the target some hundred nanoseconds,
 * sampled or not; off, it costs next to nothing. As long as few pages come it is always on. When
 * many come it is off for a "gap": until the memory touched has grown by a DUTY_PART_OF_ALL'th,
 * DUTY_GAP_MOST_NS at most. Then the resident sizes are read, so that nothing is missing in the
 * sum, and gap_estimator.h estimates who touched it. After DUTY_GAPS_A_LOOK gaps, and where the
 * estimate does not explain what came, there is a "look": on for DUTY_LOOK_NS.
 *
 * Near the limit it is always on; so it is while processes share pages after a fork, because a
 * copied page changes nobody's size, and with programs that give much memory back, because what
 * came and went within a gap is not known.
 *
 * Pattern of use: sampling_duty_step() whenever samples were read, and when sampling_duty_wait_ns()
 * has passed; then what sampling_duty_is_on() says.
 */
#ifndef OOMLAB_PROFILE_SAMPLING_DUTY_H
#define OOMLAB_PROFILE_SAMPLING_DUTY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	DUTY_PAGE = 4096,
	DUTY_CREDIT = 12288,	     /* pages that may be counted in a row */
	DUTY_CREDIT_A_SECOND = 8192, /* pages that may always be: 1 % of the time or less */
	DUTY_CREDIT_BACK = 512,	     /* the credit when a look finds that few come */
	DUTY_LOOK_NS = 300000,
	DUTY_GAP_LEAST_NS = 1000000,
	DUTY_GAP_MOST_NS = 50000000,
	DUTY_PART_OF_ALL = 16,
	DUTY_GAPS_A_LOOK = 8,
	DUTY_PART_NEAR = 8, /* the limit is near when an eighth of the memory touched is left */
};

/* What is known at a step. Time, pages, bytes and small only grow. */
struct sampling_duty_seen {
	uint64_t t_ns;
	uint64_t pages;	  /* counted by the tracepoint while it was on */
	int64_t bytes;	  /* gained by all processes */
	int64_t small;	  /* of these, by small pages, while it was off */
	int64_t headroom; /* bytes until the limit; INT64_MAX: none is known */
	bool is_unclear;  /* the ticks of the gap do not explain what came */
	bool is_delicate; /* processes share pages after a fork, or give much memory back */
};

enum sampling_duty_state { DUTY_ALWAYS, DUTY_GAP, DUTY_LOOK };

/* Zero-initialise. */
struct sampling_duty {
	enum sampling_duty_state state;
	bool has_begun;
	double credit;			    /* pages that may still be counted */
	double rate;			    /* bytes a nanosecond, lately */
	struct sampling_duty_seen last;	    /* at the last step */
	struct sampling_duty_seen measured; /* when the rate was measured */
	struct sampling_duty_seen began;    /* when the gap or the look began */
	uint64_t until_ns;		    /* end of the gap or the look */
	unsigned int gaps;		    /* so far */
};

void sampling_duty_step(struct sampling_duty *duty, const struct sampling_duty_seen *seen);

/* Whether the tracepoint is to be on. */
bool sampling_duty_is_on(const struct sampling_duty *duty);

/* Whether a gap is over at that time: what is resident is to be read before the step. */
bool sampling_duty_is_due(const struct sampling_duty *duty, uint64_t t_ns);

/* Bytes that come in `ns` at the rate of lately. */
double sampling_duty_bytes(const struct sampling_duty *duty, double ns);

/* How long after the last step the next is due; 0: when there are samples to read. */
uint64_t sampling_duty_wait_ns(const struct sampling_duty *duty);

#endif
