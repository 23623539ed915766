/*
 * explain_others.h - lines of other killers in a log, counted, and what each kind of them is; pure.
 *
 *	struct others others = {0};
 *	others_add(&others, other->killer, other->line);	for each (oomlog_other_fn)
 *	others_doc(&others, &doc);				adds nothing if there is none
 */
#ifndef OOMLAB_EXPLAIN_EXPLAIN_OTHERS_H
#define OOMLAB_EXPLAIN_EXPLAIN_OTHERS_H

#include <jansson.h>

#include "doc/doc.h"
#include "klog/killer.h"

/* By kind: how many lines, and the first and the last of them. */
struct others {
	struct {
		uint64_t count, first, last;
	} of[KILLER_COUNT];
};

/* pre: killer is not KILLER_NONE. */
void others_add(struct others *others, enum killer killer, uint64_t line);

/* Adds a heading and a sentence for each kind that there is. */
void others_doc(const struct others *others, struct doc *doc);

/* A new array of what, text, count and lines, which the caller owns. */
json_t *others_json(const struct others *others);

#endif
