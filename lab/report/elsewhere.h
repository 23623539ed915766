/*
 * elsewhere.h - memory that is no process's own, in the first sentence: files, the kernel's,
 * or another process's; internal to lab/report.
 *
 * Said only of what is half of a budget and more, and named only by what the record holds.
 */
#ifndef OOMLAB_REPORT_ELSEWHERE_H
#define OOMLAB_REPORT_ELSEWHERE_H

#include "doc/doc.h"
#include "report/facts.h"

struct elsewhere {
	char *words;		     /* a sentence with a blank before it; "": nothing to say */
	const struct budget *budget; /* that it rests on */
	const struct premortem_mapping *map; /* and whose mapping named it; NULL: none */
	bool is_profiled;		     /* and the touch profile */
};

/* Release with elsewhere_release(). */
struct elsewhere elsewhere_tell(const struct facts *facts, const struct budget *budget,
				bool was_killed);
void elsewhere_cite(const struct facts *facts, const struct elsewhere *elsewhere, struct doc *doc);
void elsewhere_release(struct elsewhere *elsewhere);

/*
 * " server (pid 12) held 60 MiB.": of those there at the kill, where it is another that had half of
 * the limit as memory of its own; else "". The caller frees.
 */
char *elsewhere_largest(const struct facts *facts);

#endif
