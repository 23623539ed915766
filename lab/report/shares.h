/*
 * shares.h - whose touches the report counts: where a kill ended the run and the kernel printed all
 * processes that were there, theirs alone, and those of processes that had ended before apart.
 *
 * Internal to lab/report. Units: bytes.
 */
#ifndef OOMLAB_REPORT_SHARES_H
#define OOMLAB_REPORT_SHARES_H

#include "report/facts.h"
#include "report/touches.h"

struct shares {
	struct touches
		there; /* of processes that were there at the kill; without a table, of all */
	struct touches ended; /* of those that had ended before; count 0: none is known to have */
	const struct oomlog_event *table; /* by which they are told apart; NULL: they are not */
};

/* Release with shares_release(). */
void shares_gather(const struct facts *facts, struct shares *shares);
void shares_release(struct shares *shares);

/* Whether a process is a row of a kill's task table; a touches_take, ctx: struct oomlog_event. */
bool shares_is_listed(int64_t pid, const void *event);

/* Whether the touches of a process are among `there`; a touches_take, ctx: struct shares. */
bool shares_has(int64_t pid, const void *shares);

#endif
