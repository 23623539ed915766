/*
 * compare.h - two runs side by side: what differed in settings, in what they did and in what became
 * of them; pure.
 *
 * The lines of code that touched memory are matched by function, file and, where a file was edited
 * between the runs, by the nearest line. A run's figures are those of its own report. A difference
 * below compare_noise() is not told as one, because the touch profile may count that much for a
 * neighbouring line.
 *
 *	compare_gather(&side_a, &side_b, &comparison);
 *	compare_tell(&comparison, &doc);	or compare_json(&comparison)
 *	compare_release(&comparison);
 *
 * Text is raw (hostile). Units: bytes, ns. Absent is ABSENT or NULL.
 */
#ifndef OOMLAB_REPORT_COMPARE_H
#define OOMLAB_REPORT_COMPARE_H

#include <jansson.h>

#include "doc/doc.h"
#include "report/facts.h"
#include "report/touches.h"

/* One of the two runs; what it points to must outlive the comparison. */
struct compare_side {
	const char *folder; /* as it was given */
	const struct record *record;
	const struct conclusion *conclusion;
	/* Private. */
	struct facts facts;
	struct touches touches;
};

enum compare_match { COMPARE_BOTH, COMPARE_ONLY_A, COMPARE_ONLY_B };

/* A line of code, of all kinds of touch together. Strings are of the sides' touches. */
struct compare_line {
	enum compare_match match;
	const struct touch_line *at_a, *at_b; /* NULL where it is in the other alone */
	int64_t bytes_a, bytes_b;	      /* 0 there */
};

/* What was set, where the two differ; text of each is owned, NULL: not set or not known. */
struct compare_setting {
	const char *name;
	char *a, *b;
};

struct comparison {
	struct compare_side a, b;
	bool is_one_program;	    /* of one name */
	bool is_profiled;	    /* both have a touch profile */
	struct compare_line *lines; /* the largest difference first */
	size_t line_count;
	struct compare_setting *settings;
	size_t setting_count;
};

/* Of the sides: folder, record and conclusion. The rest is filled in. */
void compare_gather(const struct compare_side *a, const struct compare_side *b,
		    struct comparison *c);
void compare_release(struct comparison *c);

/* What a difference between two figures of the touch profile must exceed to be one. */
int64_t compare_noise(const struct comparison *c, int64_t a, int64_t b);

/* full: all rows, not the largest alone. */
void compare_tell(const struct comparison *c, bool full, struct doc *doc);

/* Schema oomlab.compare/1; a new reference. */
json_t *compare_json(const struct comparison *c);

/* "survived", "oom_killed"; never NULL. */
const char *compare_outcome(const struct compare_side *side);

/* Nanoseconds from the opening of the gate to the target's end; ABSENT: not known. */
int64_t compare_duration(const struct compare_side *side);

#endif
