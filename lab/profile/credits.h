/*
 * credits.h - bytes that rows are to have more of: what estimators answer; pure.
 *
 * thread_share.h, gap_estimator.h and huge_page_tracker.h write to no row. They append to credits,
 * which profile.c alone applies, after each event.
 */
#ifndef OOMLAB_PROFILE_CREDITS_H
#define OOMLAB_PROFILE_CREDITS_H

#include "profile/profile_table.h"

struct credit {
	struct profile_row *row; /* the table's */
	enum rss_counter counter;
	int64_t bytes; /* not 0; negative only where growth was shared out before */
};

/* Zero-initialise. */
struct credits {
	struct credit *items;
	size_t count, size;
};

/* Nothing is added where there is no row, or no byte. */
void credits_add(struct credits *credits, struct profile_row *row, enum rss_counter counter,
		 int64_t bytes);

/* To their rows; then there are none. */
void credits_apply(struct credits *credits);

void credits_release(struct credits *credits);

#endif
