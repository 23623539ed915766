/*
 * badness.h - the score by which a kernel chooses its victim, from a row of the task table; pure,
 * inline.
 *
 * Source of truth: oom_badness() of mm/oom_kill.c, 3.6 to 6.18: resident pages, swap entries and
 * page tables, plus oom_score_adj times a thousandth of the pages that count, rounded down. All
 * here is in bytes.
 *
 * LIMITATIONS: what a table does not show (swap, until 3.6) counts as 0. Root's bonus (until 4.16)
 * is left to the caller, as are the scores of 2.6.36 to 3.5, which were thousandths of the total.
 */
#ifndef OOMLAB_OOMLOG_BADNESS_H
#define OOMLAB_OOMLOG_BADNESS_H

#include "oomlog/oomlog.h"

/* An oom_score_adj that forbids killing. */
#define BADNESS_UNKILLABLE (-1000)

/* Memory, swap and page tables of a process. pre: rss_bytes is known. */
static inline int64_t badness_footprint(const struct oomlog_task *task)
{
	return task->rss_bytes + or_zero(task->swap_bytes) + or_zero(task->pgtables_bytes);
}

/* What an oom_score_adj adds; total_bytes is the memory and swap that count, page_size not 0. */
static inline int64_t badness_adj(int64_t total_bytes, int64_t page_size, int64_t oom_score_adj)
{
	return total_bytes / page_size / 1000 * oom_score_adj * page_size;
}

#endif
