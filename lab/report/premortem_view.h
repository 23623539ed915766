/*
 * premortem_view.h - words for the snapshot just before the limit, for story and JSON; pure.
 */
#ifndef OOMLAB_REPORT_PREMORTEM_VIEW_H
#define OOMLAB_REPORT_PREMORTEM_VIEW_H

#include "record/premortem_lines.h"
#include "report/facts.h"
#include "report/touches.h"

/*
 * Where a thread was: "by_loop at c.c:12", "__memset_avx2, called from fill at b.c:7", or that it
 * is not known. The caller frees.
 */
char *premortem_where(const struct touch_frames *frames, const struct premortem_thread *thread);

/* A mapping's name for people, with the arena in it; else what it is. The caller frees. */
char *premortem_mapping_name(const struct premortem_mapping *mapping);

/* The thread of the snapshot with that tid, or NULL. */
const struct premortem_thread *premortem_thread_of(const struct record *record, int64_t tid);

/* From the end of the snapshot to the kill, ns; ABSENT without either. */
int64_t premortem_lead_ns(const struct facts *facts);

#endif
