/*
 * fit.h - the smallest memory limit under which a command survives, searched by experiment; pure: it says
 * which limits to try next, and somebody else tries them.
 *
 *	fit_init(&fit, &free_run);			a run without a limit
 *	while ((n = fit_next(&fit, limits, ARRAY_SIZE(limits))))
 *		for each of the n limits: fit_add(&fit, &run)
 *	fit_result(&fit, &result);
 *
 * A limit is a multiple of fit.step. The edge lies between the largest limit that was seen to fail and
 * the smallest above it that never was; both are run `confirm` times. Each limit is one that was run:
 * nothing is concluded from the figures of a run but where to look first.
 *
 * Units: bytes, ns. Absent is ABSENT.
 */
#ifndef OOMLAB_FIT_FIT_H
#define OOMLAB_FIT_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/absent.h"

enum {
	FIT_RUNS_MAX = 60,
	FIT_CONFIRM = 3,
	FIT_CONFIRM_MAX = 10,
	FIT_UNTHRASHED_PERCENT = 125, /* of the free run's time, and no longer */
	FIT_STALLED_PERCENT = 5,      /* of the run's time, in which nothing in it could go on */
};

struct fit_run {
	int64_t limit;	  /* ABSENT: none */
	bool survived;	  /* it ended by itself with status 0, and nobody of it was killed */
	const char *what; /* the outcome's word; a literal, or lives as long as the fit */
	int64_t status;	  /* as a shell has it: 137 after SIGKILL; ABSENT: not known */
	int64_t peak;	  /* bytes charged at most */
	int64_t needed;	  /* the part of it that no reclaim frees, as sampled; ABSENT: not known */
	int64_t duration_ns;
	int64_t stalled_ns; /* memory.pressure full; ABSENT: not known */
};

struct fit {
	struct fit_run free;
	int64_t step;
	int confirm;
	bool wants_unthrashed;
	struct fit_run runs[FIT_RUNS_MAX]; /* in the order in which they were added */
	size_t count;
};

/* pre: free survived and its peak is known. step: 1 % of it, in whole 128 KiB, 1 MiB at most. */
void fit_init(struct fit *fit, const struct fit_run *free);

/* Fills limits[] with those to run now, which may run at once; 0: the search is over. */
size_t fit_next(const struct fit *fit, int64_t *limits, size_t most);

/* False when there is no room for more. */
bool fit_add(struct fit *fit, const struct fit_run *run);

struct fit_result {
	int64_t survives; /* each run at it survived; ABSENT: no limit that was tried did */
	int64_t fails;	  /* the largest limit below at which a run failed; ABSENT: none did */
	int survived_runs, failed_runs; /* at these two */
	int fails_of;	    /* runs at `fails`: more than failed_runs where it is unsteady */
	int64_t unthrashed; /* the smallest that also did not take longer; ABSENT: none was seen */
	int64_t odd_low,
		odd_high; /* survived at the first, failed at the larger second; or ABSENT */
};
void fit_result(const struct fit *fit, struct fit_result *result);

/* Whether a run that survived was about as fast as the free run, and hardly stalled. */
bool fit_is_unthrashed(const struct fit *fit, const struct fit_run *run);

#endif
