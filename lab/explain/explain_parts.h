/*
 * explain_parts.h - what the files of the explanation share; nobody else includes it.
 *
 * Each explain_*() adds the sentences of its topic to x. Order of calls: scores and budget first
 * (they fill the tables of x), then the rest in any order; sentences are sorted by topic at the
 * end.
 */
#ifndef OOMLAB_EXPLAIN_EXPLAIN_PARTS_H
#define OOMLAB_EXPLAIN_EXPLAIN_PARTS_H

#include "base/text.h"
#include "explain/explain.h"

/* Rounded; 0 without a whole, never more than 999. */
static inline int percent(int64_t part, int64_t whole)
{
	double share = whole > 0 ? (double)part * 100 / (double)whole + 0.5 : 0;

	return share > 999 ? 999 : (int)share;
}

/* Sizes are never negative where they are printed. */
#define SIZE_TEXT(bytes) TEXT_SIZE((uint64_t)((bytes) > 0 ? (bytes) : 0))

/* A name or path fit for printing, or "?"; lives in x. */
const char *explain_name(struct explanation *x, const char *text);

/* Adds a sentence that rests on up to two lines (0: none). */
void explain_say(struct explanation *x, enum topic topic, uint64_t line, uint64_t other_line,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A statistic of the memcg / a counter of Mem-Info, or ABSENT. */
int64_t explain_stat(const struct oomlog_event *ev, const char *name);
int64_t explain_counter(const struct oomlog_event *ev, const char *name);

/* Version 1: memory and swap together are at their limit, and memory alone is not. */
bool explain_memsw_is_full(const struct oomlog_event *ev);
/* Zones that the request may use have memory enough, but not in pieces of its order. */
bool explain_is_fragmented(const struct oomlog_event *ev);
/* The task table has a row of that pid. */
bool explain_is_listed(const struct oomlog_event *ev, int64_t pid);
bool explain_is_memcg(const struct oomlog_event *ev);
bool explain_is_machine(const struct oomlog_event *ev);

void explain_scores(struct explanation *x, const struct oomlog_event *ev);
void explain_budget(struct explanation *x, const struct oomlog_event *ev);
void explain_victim(struct explanation *x, const struct oomlog_event *ev);
void explain_reclaim(struct explanation *x, const struct oomlog_event *ev);
void explain_change(struct explanation *x, const struct oomlog_event *ev);

#endif
