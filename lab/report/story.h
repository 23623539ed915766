/*
 * story.h - tells a run as a document: plain sentences in reading order, each with its evidence.
 *
 * The reader is a C programmer who has never heard of demand paging. Every sentence says one thing
 * and cites what it rests on; what the record does not say is left out or named as not seen.
 * Pure; the document is the caller's.
 *
 * The sections stand below in their order, a function each. A section that has nothing to say adds
 * nothing. Names and paths go into the document raw; its emitters escape them.
 */
#ifndef OOMLAB_REPORT_STORY_H
#define OOMLAB_REPORT_STORY_H

#include "base/text.h"
#include "doc/doc.h"
#include "report/facts.h"

void story_tell(const struct facts *facts, struct doc *doc);

/* The same on one screen: the head, what most of the memory was, what to do, what differs. */
void story_brief(const struct facts *facts, struct doc *doc);

/* "killed by the OOM killer, as expected". The caller frees. */
char *story_outcome(const struct facts *facts);

/* "64 MiB": a string that lasts until the end of the enclosing block. */
#define SIZE(bytes) TEXT_SIZE((uint64_t)(bytes))

/* The sections; internal to lab/report. */
void story_head(const struct facts *facts, struct doc *doc); /* title, byline, summary */
void story_summary(const struct facts *facts, struct doc *doc);
/* Called by story_summary(), for a run that was neither killed nor survived. */
void story_summary_other(const struct facts *facts, struct doc *doc);
void story_requested(const struct facts *facts, struct doc *doc);
/* Continues story_requested(). */
void story_reserved(const struct facts *facts, struct doc *doc);
void story_touched(const struct facts *facts, struct doc *doc);
void story_files(const struct facts *facts, struct doc *doc); /* before story_who() */
void story_who(const struct facts *facts, struct doc *doc);
/* Of the latter the largest rows alone; false: the samples explain less than half. */
bool story_who_rows(const struct facts *facts, struct doc *doc);
void story_premortem(const struct facts *facts, struct doc *doc);
void story_tree(const struct facts *facts, struct doc *doc);
void story_mapped(const struct facts *facts, struct doc *doc);
void story_ps(const struct facts *facts, struct doc *doc);
void story_kernel(const struct facts *facts, struct doc *doc);
/* Called by story_kernel(), in the middle. */
void story_witness(const struct facts *facts, struct doc *doc);
void story_no_kill(const struct facts *facts, struct doc *doc);
/* Called by story_kernel() or story_no_kill(), at the end. */
void story_thrash(const struct facts *facts, struct doc *doc);
/* The same in a section of one sentence. */
void story_thrash_brief(const struct facts *facts, struct doc *doc);
void story_victims(const struct facts *facts, struct doc *doc);
void story_ending(const struct facts *facts, struct doc *doc);

/*
 * Sentences on the part of memory in a run that the lab stopped: whether the run was at its limit
 * or far from it, or that this is not known. The caller frees. cite_why_stopped() cites their
 * evidence.
 */
char *story_why_stopped(const struct facts *facts);
void cite_why_stopped(const struct facts *facts, struct doc *doc);

void story_budget(const struct facts *facts, struct doc *doc);
void story_timeline(const struct facts *facts, struct doc *doc);
void story_instead(const struct facts *facts, struct doc *doc);
void story_checks(const struct facts *facts, struct doc *doc);
void story_engine(const struct facts *facts, struct doc *doc);
void story_quality(const struct facts *facts, struct doc *doc);
void story_appendix(const struct facts *facts, struct doc *doc); /* samples, registers */
/* Of story_quality() in short: which sources were missed, and the first remarks. */
void story_quality_brief(const struct facts *facts, struct doc *doc);
void story_guardian(const struct facts *facts, struct doc *doc); /* called by story_quality() */

/*
 * Each adds evidence to the document's last block, or nothing if it is not known. A counter that
 * did not rise is cited only for oom_kill, and only where the run has no kill.
 */
void cite_kmsg(struct doc *doc, const struct record_kmsg *line);
void cite_trace(struct doc *doc, const struct record_arena *arena);
void cite_event(struct doc *doc, const struct facts *facts, enum counter which);
void cite_setting(struct doc *doc, const struct facts *facts, const char *name);
void cite_end(struct doc *doc, const struct facts *facts);
/* Lines of the record: "record line 4", "record lines 4-9". */
void cite_lines(struct doc *doc, unsigned int first, unsigned int last);
/* The touch profile; how many samples it has is in the appendix. */
void cite_profile(struct doc *doc);

/* How the target ended, as a sentence. The caller frees. */
char *story_ending_words(const struct facts *facts);

/*
 * The path of the cgroup whose limit was hit, as the kernel's log names it, if it is not the run's
 * own; else, or if the log does not say, NULL.
 */
const char *story_limit_elsewhere(const struct facts *facts);

/* What the guardian did, as sentences; NULL: nothing. The caller frees. */
char *story_guardian_words(const struct facts *facts);
/* True when the guardian ended the run because the launcher was gone. */
bool story_guardian_ended(const struct facts *facts);

/* "signal 11 (SIGSEGV)". The caller frees. */
char *story_signal(int64_t number);

/*
 * A blank and the sentence that a kill of the run may have been missed, where that is so; else "".
 * The caller frees.
 */
char *story_doubt(const struct facts *facts);

/*
 * Sizes of one column share a unit, which `total` decides: KiB below 4 MiB, else MiB. The unit's
 * name / `bytes` as a number of it, which the caller frees.
 */
const char *story_unit(int64_t total);
char *story_in_unit(int64_t total, int64_t bytes);

/* True when the record has a run of the twin that the spec names. */
bool story_has_twin(const struct record *record);

/*
 * The files in memory of the last sample in which they were looked at, of the last before the kill
 * where there was one, the largest first; NULL: none. What people call one; the caller frees.
 */
const struct record_memory_file *story_files_last(const struct facts *facts, size_t *count);
char *story_file_name(const struct record_memory_file *file);
/*
 * Of such files at a kill: who wrote to one then, if that is to be told, and what /tmp is in the VM;
 * sentences with a blank before each, or "". The caller frees. story_files_cite() cites what they
 * rest on.
 */
char *story_files_more(const struct facts *facts, const struct budget *budget, bool tells_writer);
void story_files_cite(const struct facts *facts, const char *sentences, struct doc *doc);

/* "src/arena.c:142", from the last two parts of the path; "" when not resolved. Caller frees. */
char *site_place(const struct record_site *site);

#endif
