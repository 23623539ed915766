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

#include "base/text.h"
#include "doc/doc.h"
#include "report/facts.h"

void story_tell(const struct facts *facts, struct doc *doc);

/* "64 MiB", until the end of the block it stands in. */
#define SIZE(bytes) TEXT_SIZE((uint64_t)(bytes))

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
void story_thrash(const struct facts *facts, struct doc *doc);	/* goes on with either */
void story_victims(const struct facts *facts, struct doc *doc); /* likewise */
void story_ending(const struct facts *facts, struct doc *doc);	/* likewise */

/*
 * What is known of memory's part in a run that the lab stopped: at its limit or far from it, or
 * that it is not known. The caller frees. Then what that rests on.
 */
char *story_why_stopped(const struct facts *facts);
void cite_why_stopped(const struct facts *facts, struct doc *doc);

void story_budget(const struct facts *facts, struct doc *doc);
void story_timeline(const struct facts *facts, struct doc *doc);
void story_instead(const struct facts *facts, struct doc *doc);
void story_checks(const struct facts *facts, struct doc *doc);
void story_engine(const struct facts *facts, struct doc *doc);
void story_quality(const struct facts *facts, struct doc *doc);
void story_guardian(const struct facts *facts, struct doc *doc); /* likewise, of its part in it */

/*
 * What most sections cite; each adds evidence to the last block, or nothing if it is not known.
 * A counter that did not rise proves something only for oom_kill, where no kill is told of.
 */
void cite_kmsg(struct doc *doc, const struct record_kmsg *line);
void cite_trace(struct doc *doc, const struct record_arena *arena);
void cite_event(struct doc *doc, const struct facts *facts, enum counter which);
void cite_setting(struct doc *doc, const struct facts *facts, const char *name);
void cite_end(struct doc *doc, const struct facts *facts);

/* How the target ended, as a sentence. The caller frees. */
char *story_ending_words(const struct facts *facts);

/*
 * The cgroup whose limit was hit, as the kernel's log names it, where that is not the run's own.
 * NULL: it is, or the log does not say.
 */
const char *story_limit_elsewhere(const struct facts *facts);

/* What the guardian did, as sentences; NULL: nothing. The caller frees. */
char *story_guardian_words(const struct facts *facts);
/* It ended the run because the launcher was gone. */
bool story_guardian_ended(const struct facts *facts);

/* "signal 11 (SIGSEGV)". The caller frees. */
char *story_signal(int64_t number);

/*
 * A sentence, a blank before it, where a kill of the run may have been missed; else "". The caller
 * frees.
 */
char *story_doubt(const struct facts *facts);

/*
 * Sizes of one column share a unit: that in which the largest part of `total` can be told apart
 * from nothing. Its name, and bytes in it; the caller frees the latter.
 */
const char *story_unit(int64_t total);
char *story_in_unit(int64_t total, int64_t bytes);

/* "src/arena.c:142", from the last two parts of the path; "" when not resolved. Caller frees. */
char *site_place(const struct record_site *site);

#endif
