/*
 * what_if.h - who would be chosen by the kernel's rule, on the log's own task table, if something
 * were different; pure.
 *
 * Pattern of use: 1. explanation_make(); 2. what_if_make() while the event is valid; 3. read the
 * fields, or what_if_print.h; 4. what_if_release(). Its tasks point into the event.
 *
 * All sizes are bytes. The rule is oom_badness() (oomlog/badness.h). Everything else is taken as
 * the log shows it: nobody is said to have lived, or a kill not to have come.
 *
 * LIMITATIONS: who was exiting, in vfork or shares memory with others is in no table. What else
 * leaves the choice open is a doubt, and has its sentence.
 */
#ifndef OOMLAB_EXPLAIN_WHAT_IF_H
#define OOMLAB_EXPLAIN_WHAT_IF_H

#include "explain/explain.h"
#include "explain/what_if_changes.h"

/* Why another process than `chosen` may be it; bits. */
enum what_if_doubt {
	WHAT_IF_TOTAL = 1, /* oom_score_adj weighs by a total that the log does not give exactly */
	WHAT_IF_ROOT = 2,  /* until 4.16 3 % were taken off for CAP_SYS_ADMIN: chosen may have it */
	WHAT_IF_TIE = 4,   /* the runner-up has the same score, in the kernel's own unit */
	WHAT_IF_ZERO = 8,  /* no score is above 0: before 5.9 all of these are the same */
	WHAT_IF_SWAP = 16, /* the table does not show swap, and there was some */
	WHAT_IF_CLOSE = 32,	  /* the runner-up is behind by less than a hundredth */
	WHAT_IF_ROWS = 64,	  /* rows of the table cannot be read */
	WHAT_IF_THREAD = 128,	  /* who requested memory may be a thread of a process listed */
	WHAT_IF_UNEXPLAINED = 256 /* without any change it is not whom the kernel chose */
};

struct what_if_task {
	const struct oomlog_task *row; /* the event's */
	int64_t oom_score_adj;	       /* with the changes */
	int64_t footprint_bytes;       /* memory, swap and page tables */
	int64_t score_bytes;	       /* with total_low */
	bool may_be_killed;
};

struct what_if {
	bool is_judged;		    /* false: a sentence says why not, and there are no tasks */
	struct what_if_task *tasks; /* highest score first, those that may not be killed last */
	size_t task_count;
	/* The memory and swap that count, with the changes: low <= high; equal: known exactly. */
	int64_t total_low, total_high;
	/* Indexes into tasks, or SIZE_MAX: whom the kernel chose, whom it would choose now, who is
	 * next by score, and who is first with total_high if that is another than with total_low. */
	size_t actual, chosen, runner_up, rival;
	bool is_whoever_asked; /* chosen because it requested memory, not by score */
	unsigned doubts;
	const struct oomlog_task
		*unchanged;	 /* whom the table gives then, the event's; NULL: nobody */
	struct explanation said; /* of it the sentences alone */
};

/* Fills w (need not be initialised) and notes in changes which names were found. */
void what_if_make(struct what_if *w, struct what_if_changes *changes,
		  const struct oomlog_event *event, const struct explanation *x);
void what_if_release(struct what_if *w);

/* The oom_score_adj of a row, with the changes; notes in them which names were found. */
int64_t what_if_adj_of(struct what_if_changes *changes, const struct oomlog_event *event,
		       const struct oomlog_task *row);

/* How much more chosen scores than the runner-up; ABSENT without one, or if it is not exact. */
int64_t what_if_margin(const struct what_if *w);

#endif
