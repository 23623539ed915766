/*
 * explain_parts.h - what the files of the explanation share; nobody else includes it.
 *
 * Order of calls: explain_scores() and explain_budget() first (they fill the tables of x), then the
 * others in any order; explanation_make() sorts the sentences by topic at the end.
 */
#ifndef OOMLAB_EXPLAIN_EXPLAIN_PARTS_H
#define OOMLAB_EXPLAIN_EXPLAIN_PARTS_H

#include "base/text.h"
#include "explain/explain.h"

/* The share in percent, rounded; 0 if the whole is 0 or less, at most 999. */
static inline int percent(int64_t part, int64_t whole)
{
	double share = whole > 0 ? (double)part * 100 / (double)whole + 0.5 : 0;

	return share > 999 ? 999 : (int)share;
}

/* A size for people (base/text.h); a negative one is printed as 0. */
#define SIZE_TEXT(bytes) TEXT_SIZE((uint64_t)((bytes) > 0 ? (bytes) : 0))

/* A name or path fit for printing, or "?"; lives in x. */
const char *explain_name(struct explanation *x, const char *text);

/* Adds a sentence that rests on one or two lines of the log; 0: no line. */
void explain_say(struct explanation *x, enum topic topic, uint64_t line, uint64_t other_line,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A statistic of the cgroup, a counter of Mem-Info: by the kernel's name; or ABSENT. */
int64_t explain_stat(const struct oomlog_event *ev, const char *name);
int64_t explain_counter(const struct oomlog_event *ev, const char *name);

/* cgroup v1: memory and swap together (memory.memsw) are at their limit, memory alone is not. */
bool explain_memsw_is_full(const struct oomlog_event *ev);
/* A zone that the request may use has enough free memory, but not in pieces of its order. */
bool explain_is_fragmented(const struct oomlog_event *ev);
/* The task table has a row of that pid. */
bool explain_is_listed(const struct oomlog_event *ev, int64_t pid);
/* A cgroup ran out / the machine or a part of it did; both are false where the log does not say. */
bool explain_is_memcg(const struct oomlog_event *ev);
bool explain_is_machine(const struct oomlog_event *ev);
/* HighMem has free memory that the request may not use, and the zones below it have none. */
bool explain_is_short_of_low_memory(const struct oomlog_event *ev);

/* explain_score.c: fills x->candidates and what counts as the total. */
void explain_scores(struct explanation *x, const struct oomlog_event *ev);
/* explain_memory.c: fills x->budget, and says where the memory was. */
void explain_budget(struct explanation *x, const struct oomlog_event *ev);
/* explain_score.c: says why this victim. */
void explain_victim(struct explanation *x, const struct oomlog_event *ev);
/* explain_reclaim.c: says why memory could not be reclaimed. */
void explain_reclaim(struct explanation *x, const struct oomlog_event *ev);
/* explain_change.c: says what one could change. */
void explain_change(struct explanation *x, const struct oomlog_event *ev);

#endif
