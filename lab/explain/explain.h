/*
 * explain.h - an OOM event in plain sentences, each with the lines of the log that it rests on;
 * pure.
 *
 * Pattern of use: 1. explanation_make() while the event is valid; 2. read the fields;
 * 3. explanation_release(). Everything in it lives until then and does not point into the event.
 *
 * Only what the log says is said. Where something needed is not in the log, a sentence says so and
 * nothing is put in its place. Numbers worked out here (scores, sums, shares) are exact arithmetic
 * on printed numbers; scores follow oom_badness() of mm/oom_kill.c: resident pages, swap entries
 * and page tables, plus oom_score_adj thousandths of the limit (memcg) or of RAM and swap
 * (machine).
 *
 * LIMITATIONS: kernels before 2.6.36 (without el6's backport) scored by other rules; between 2.6.36
 * and 4.16 root's tasks had a bonus of 3 %. A score that differs from the kernel's choice is said
 * to differ, not explained away.
 */
#ifndef OOMLAB_EXPLAIN_EXPLAIN_H
#define OOMLAB_EXPLAIN_EXPLAIN_H

#include "oomlog/oomlog.h"
#include "oomlog/pool.h"

#define EXPLAIN_LINES 4

/* What a sentence is about; also their order. */
enum topic {
	TOPIC_WHAT,    /* whose memory ran out, who was killed */
	TOPIC_WHO,     /* who requested memory, and how */
	TOPIC_WHY,     /* why this victim */
	TOPIC_MEMORY,  /* where the memory was */
	TOPIC_RECLAIM, /* why it could not be reclaimed */
	TOPIC_CHANGE,  /* what one could change */
	TOPIC_UNSAID,  /* what the log does not tell */
	TOPIC_COUNT,
};

/* A heading for people: "Why this process". */
const char *topic_title(enum topic topic);

struct sentence {
	enum topic topic;
	const char *text;
	uint64_t lines[EXPLAIN_LINES]; /* of the log, counted from 1; TOPIC_UNSAID may have none */
	size_t line_count;
};

/* One part of the memory in question; the parts do not overlap. */
struct memory_part {
	const char *name; /* "anonymous memory (heap, stacks)"; a static string */
	int64_t bytes;
};

/* One candidate as the kernel's rules rank it. */
struct candidate {
	const char *comm;
	int64_t pid;
	int64_t footprint_bytes; /* rss, swap and page tables, as far as the table has them */
	int64_t points_bytes;	 /* the score: footprint and what oom_score_adj adds */
	int64_t rss_bytes;
	int64_t oom_score_adj;
	bool is_victim;
	bool unkillable; /* oom_score_adj -1000 */
};

struct explanation {
	const char *headline; /* one sentence, with its full stop */
	struct sentence *sentences;
	size_t sentence_count;
	struct memory_part *budget; /* largest first */
	size_t budget_count;
	int64_t budget_total; /* usage of the cgroup, or usable RAM; ABSENT without a budget */
	struct candidate *candidates; /* highest score first; empty if scores cannot be computed */
	size_t candidate_count;
	/* The memory that an oom_score_adj of 1000 adds to a score; ABSENT if not known. If it is
	 * not exact the log does not give the swap, and it is at least that much. */
	int64_t total_bytes;
	bool total_is_exact;
	/* Indexes into candidates, or SIZE_MAX: the largest footprint, the highest score of those
	 * that were not killed, and the process whose score decided (of whom perhaps a child was
	 * killed). */
	size_t largest, runner_up, victim;
	struct pool pool;
	size_t sentence_capacity, budget_capacity;
};

/* Fills x (need not be initialised). */
void explanation_make(struct explanation *x, const struct oomlog_event *event);
void explanation_release(struct explanation *x);

#endif
