/*
 * explain_doc.h - one OOM event as a document, for the emitters of doc/emit.h; pure.
 *
 * The document has a title and a summary, a heading for each topic with its sentences as a list,
 * the candidates as a table, the memory as bars. Sentences cite "line 12" or "lines 4, 12". Each
 * event is a document of its own, so that a log of any length needs constant memory.
 */
#ifndef OOMLAB_EXPLAIN_EXPLAIN_DOC_H
#define OOMLAB_EXPLAIN_EXPLAIN_DOC_H

#include "doc/doc.h"
#include "explain/explain.h"

/* The log of an event, and which of its events it is. */
struct explain_place {
	const char *file; /* name of the log */
	uint64_t index;	  /* of the event, counted from 1 */
};

/* Adds the title and the summary alone. pre: doc is empty; the caller releases it. */
void explain_doc_head(struct doc *doc, const struct explain_place *place,
		      const struct oomlog_event *event, const struct explanation *x);

/* Adds the lines of the log to the last block: "line 12", "lines 4, 12"; nothing for none. */
void explain_doc_cite(struct doc *doc, const uint64_t *lines, size_t count);

/* Adds the whole document; otherwise the same. */
void explain_doc(struct doc *doc, const struct explain_place *place,
		 const struct oomlog_event *event, const struct explanation *x);

#endif
