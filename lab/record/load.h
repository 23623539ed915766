/*
 * load.h - what load.c, which reads a record, and load_single.c share.
 *
 * Internal to lab/record. A kind of line is either collected into an array (series.h), or is one of
 * the snapshot (premortem_lines.h), or sets single members of the record: then load_single.c has a
 * function for it.
 */
#ifndef OOMLAB_RECORD_LOAD_H
#define OOMLAB_RECORD_LOAD_H

#include "record/record.h"

struct loader {
	struct record *record;
	const json_t *object; /* the line that is read now */
	unsigned int line;    /* its number */
	size_t damaged;	      /* lines dropped */
	int64_t sum;	      /* of the fields that are summed, in all lines so far */
	bool has_run;
	bool closes, is_closed; /* a "closed" line is announced / was read */
	int64_t missing;	/* lines that the "closed" line counted and that are not there */
};

/* Takes l->object into the record; -1 when it is damaged or one too many. */
typedef int load_fn(struct loader *l);

/* The function for lines of that kind; NULL: there is none. */
load_fn *load_find(const char *ev);

/* A note with all members absent. */
extern const struct record_note load_blank_note;

#endif
