/*
 * explain_doc.h - one OOM event as a document, for the emitters of doc/emit.h; pure.
 *
 * Title, summary, a heading a topic with its sentences as a list, the candidates as a table, the
 * memory as bars. What a sentence rests on is cited as "line 12", or "lines 4, 12". An event is a
 * document of its own, so that a log of any length is told in constant memory.
 */
#ifndef OOMLAB_EXPLAIN_EXPLAIN_DOC_H
#define OOMLAB_EXPLAIN_EXPLAIN_DOC_H

#include "doc/doc.h"
#include "explain/explain.h"

/* Where an event stands. */
struct explain_place {
	const char *file; /* name of the log */
	uint64_t index;	  /* of the event, counted from 1 */
};

/* Title and summary alone; doc is empty, and the caller's to release. */
void explain_doc_head(struct doc *doc, const struct explain_place *place,
		      const struct oomlog_event *event, const struct explanation *x);

/* The whole. */
void explain_doc(struct doc *doc, const struct explain_place *place,
		 const struct oomlog_event *event, const struct explanation *x);

#endif
