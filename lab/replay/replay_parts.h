/*
 * replay_parts.h - what the files that make a plan share; nobody else includes it.
 */
#ifndef OOMLAB_REPLAY_REPLAY_PARTS_H
#define OOMLAB_REPLAY_REPLAY_PARTS_H

#include <stdio.h>

#include "base/text.h"
#include "replay/replay_plan.h"

#define REPLAY_CHOSE(plan, ...) strvec_pushf(&(plan)->choices, __VA_ARGS__)

/* replay_rows.c: the processes, and who of them requests memory. */
void replay_rows_make(struct replay_plan *plan, const struct oomlog_event *ev,
		      struct what_if_changes *changes);
/* replay_places.c: the cgroups, and which process is in which. pre: the rows are there. */
void replay_places_make(struct replay_plan *plan, const struct oomlog_event *ev,
			const struct what_if_changes *changes);
/* replay_scale.c: the sizes. pre: rows and places are there. */
int replay_scale(struct replay_plan *plan, const struct oomlog_event *ev,
		 const struct what_if_changes *changes, int64_t ram_max, struct err *err);

/* As the kernel prints them, in the order of enum stage_bound. */
extern const char *const replay_constraints[STAGE_BOUND_COUNT];

/* Bytes of the log in the run. */
static inline int64_t replay_scaled(const struct replay_plan *plan, int64_t bytes)
{
	return (int64_t)(plan->factor * (double)bytes);
}

/* No sum of as many sizes as there are rows overflows. */
#define REPLAY_SIZE_MAX ((int64_t)1 << 44)

static inline int64_t replay_clamp(int64_t bytes)
{
	return bytes < 0 ? 0 : bytes < REPLAY_SIZE_MAX ? bytes : REPLAY_SIZE_MAX;
}

/* The machine's memory and swap, as far as the log tells. */
static inline int64_t replay_memory(const struct oomlog_event *ev)
{
	return replay_clamp(replay_clamp(ev->ram_bytes) - replay_clamp(ev->reserved_bytes)) +
	       replay_clamp(ev->swap_total_bytes);
}

/* The log's kernel is older than major.minor; false where the log does not tell. */
static inline bool replay_is_before(const struct oomlog_event *ev, int major, int minor)
{
	int a, b;

	return ev->kernel && sscanf(ev->kernel, "%d.%d", &a, &b) == 2 &&
	       (a < major || (a == major && b < minor));
}

/* Memory, swap and page tables of a row, unscaled. */
static inline int64_t replay_footprint(const struct replay_row *row)
{
	return row->private_bytes + row->tmpfs_bytes + row->file_bytes + row->pgtables_bytes;
}

#endif
