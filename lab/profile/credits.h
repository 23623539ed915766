/*
 * credits.h - a list of bytes to add to rows, which estimators return; pure.
 *
 * thread_share.h, gap_estimator.h and huge_page_tracker.h write to no row. They append to credits,
 * which profile.c alone applies: after each event, at each step of the duty, and at the end.
 */
#ifndef OOMLAB_PROFILE_CREDITS_H
#define OOMLAB_PROFILE_CREDITS_H

#include "profile/profile_table.h"

struct credit {
	struct profile_row *row; /* lives in the table */
	enum rss_counter counter;
	int64_t bytes; /* not 0; negative where earlier credits gave too much */
};

/* Zero-initialise. */
struct credits {
	struct credit *items;
	size_t count, size;
};

/* Does nothing where row is NULL or bytes is 0. */
void credits_add(struct credits *credits, struct profile_row *row, enum rss_counter counter,
		 int64_t bytes);

/* Adds the bytes to their rows, and empties the list. */
void credits_apply(struct credits *credits);

void credits_release(struct credits *credits);

#endif
