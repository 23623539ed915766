/*
 * premortem_view.h - a look just before the limit in words that story and JSON share; pure.
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

/* What a mapping is called: its name, the arena in it, or what it is. The caller frees. */
char *premortem_mapping_name(const struct premortem_mapping *mapping);

/* Of a thread by its number; NULL: it was not seen. */
const struct premortem_thread *premortem_thread_of(const struct record *record, int64_t tid);

/* Before the kill, ns; ABSENT: no kill, or no look. */
int64_t premortem_lead_ns(const struct facts *facts);

#endif
