/*
 * tally.h - what several runs of one session came to, for the summary after the last; pure.
 */
#ifndef OOMLAB_RUN_TALLY_H
#define OOMLAB_RUN_TALLY_H

#include <stdio.h>

#include "record/verdict.h"

/* Of the runs in which it is known. Zero-initialise. */
struct tally_range {
	size_t count;
	int64_t least, most;
	double sum;
};

struct tally {
	size_t runs;
	size_t outcomes[OUTCOME_COUNT], verdicts[VERDICT_SKIP + 1];
	struct tally_range peak_bytes;
	struct tally_range duration_ns; /* from the opening of the gate to the target's end */
	bool is_peak_sampled;		/* in some run: the highest sample, no counter */
};

/* From the opening of the gate to the target's end, in ns; ABSENT: not known. */
int64_t tally_duration(const struct record *record);

void tally_add(struct tally *tally, const struct record *record,
	       const struct conclusion *conclusion);

/* A line for the last run that was added, of `runs` in all: what became of it, and where it is. */
void tally_print_run(const struct tally *tally, long runs, const char *outcome,
		     const struct record *record, const char *folder, FILE *to);

/* Nothing for less than two runs. */
void tally_print(const struct tally *tally, const char *name, FILE *to);

#endif
