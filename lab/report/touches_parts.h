/*
 * touches_parts.h - what the files of the touches share; nobody else includes it.
 *
 * touch_places.c knows where a stack stands, touch_estimate.c what page faults amount to, touches.c
 * adds up.
 */
#ifndef OOMLAB_REPORT_TOUCHES_PARTS_H
#define OOMLAB_REPORT_TOUCHES_PARTS_H

#include "report/touches.h"

/* touch_places.c: the resolved place of a stack at `at`, len bytes; NULL: none was resolved. */
const struct record_frame *touch_frame_at(const struct touch_frames *frames, const char *at,
					  size_t len);

/* touch_estimate.c: sets what estimates rest on: has_huge_pages, resident, scale. */
void touch_fit(struct touch_frames *frames);

static inline int64_t touch_page_bytes(const struct record *record)
{
	return is_known(record->page_size) ? record->page_size : 4096;
}

#endif
