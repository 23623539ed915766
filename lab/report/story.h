/*
 * story.h - tells a run as a document: plain sentences in reading order, each with its evidence.
 *
 * The reader is a C programmer who has never heard of demand paging. Every sentence says one thing
 * and cites what it rests on; what the record does not say is left out or named as not seen.
 * Pure; the document is the caller's.
 *
 * Sections, in order; one function each below. A section that has nothing to say adds nothing.
 */
#ifndef OOMLAB_REPORT_STORY_H
#define OOMLAB_REPORT_STORY_H

#include "report/doc.h"
#include "report/facts.h"

void story_tell(const struct facts *facts, struct doc *doc);

/* The sections; internal to lab/report. */
void story_summary(const struct facts *facts, struct doc *doc);
void story_asked(const struct facts *facts, struct doc *doc);
void story_reserved(const struct facts *facts, struct doc *doc); /* goes on with story_asked() */
void story_touched(const struct facts *facts, struct doc *doc);
void story_files(const struct facts *facts, struct doc *doc); /* before story_who() */
void story_who(const struct facts *facts, struct doc *doc);
void story_premortem(const struct facts *facts, struct doc *doc);
void story_tree(const struct facts *facts, struct doc *doc);
void story_mapped(const struct facts *facts, struct doc *doc);
void story_ps(const struct facts *facts, struct doc *doc);
void story_kernel(const struct facts *facts, struct doc *doc);
void story_witness(const struct facts *facts, struct doc *doc); /* in the middle of that */
void story_no_kill(const struct facts *facts, struct doc *doc);
void story_thrash(const struct facts *facts, struct doc *doc); /* goes on with either */
bool story_thrashed(const struct facts *facts); /* whether that has anything to say */
void story_budget(const struct facts *facts, struct doc *doc);
void story_timeline(const struct facts *facts, struct doc *doc);
void story_instead(const struct facts *facts, struct doc *doc);
void story_checks(const struct facts *facts, struct doc *doc);
void story_engine(const struct facts *facts, struct doc *doc);
void story_quality(const struct facts *facts, struct doc *doc);

/*
 * What most sections cite; each adds evidence to the last block, or nothing if it is not known.
 * A counter that did not rise proves something only for oom_kill.
 */
void cite_kmsg(struct doc *doc, const struct record_kmsg *line);
void cite_trace(struct doc *doc, const struct record_arena *arena);
void cite_event(struct doc *doc, const struct facts *facts, enum counter which);
void cite_setting(struct doc *doc, const struct facts *facts, const char *name);
void cite_end(struct doc *doc, const struct facts *facts);

/*
 * Sizes of one column share a unit: that in which the largest part of `total` can be told apart
 * from nothing. Its name, and bytes in it; the caller frees the latter.
 */
const char *story_unit(int64_t total);
char *story_in_unit(int64_t total, int64_t bytes);

/* "src/arena.c:142", from the last two parts of the path; "" when not resolved. Caller frees. */
char *site_place(const struct record_site *site);

#endif
