/*
 * touches_parts.h - what the files of the touches share; nobody else includes it.
 *
 * touch_places.c knows where a stack stands, touch_estimate.c what page faults amount to,
 * touch_copies.c which of them copied a page, touch_files.c what is left of files, touches.c adds
 * up.
 */
#ifndef OOMLAB_REPORT_TOUCHES_PARTS_H
#define OOMLAB_REPORT_TOUCHES_PARTS_H

#include "report/touches.h"

/* touch_places.c: the resolved place of a stack at `at`, len bytes; NULL: none was resolved. */
const struct record_frame *touch_frame_at(const struct touch_frames *frames, const char *at,
					  size_t len);

/* touch_estimate.c: sets what estimates rest on: has_huge_pages, resident, scale. */
void touch_fit(struct touch_frames *frames);

/*
 * touch_copies.c: bytes of pages copied after a fork(2), of each of the record's touches. The
 * caller frees.
 *
 * Such a copy changes nobody's resident size: it is a page fault that nothing grew by. Growth and
 * page faults are sampled apart, so one can be counted to the line beside the other's: what a
 * process grew by beyond the faults of a line is taken off its copies elsewhere, as far as a few
 * samples can have been misplaced. More is growth without faults (populated, huge pages), which
 * explains none.
 *
 * A line copies when it has more faults than growth by COPIES_LEAST_FAULTS, and by more than an
 * error of three standard deviations: as if each sample may as well have fallen to another line.
 *
 * What cannot be a copy: faults in shared memory and mapped files (what is written there for the
 * first time faults again), and, up to the size it was taken to be forked with, faults in memory a
 * process mapped itself after the fork: it had grown before it was first heard of.
 *
 * LIMITATIONS: reading memory that nobody wrote to is a fault without growth too, and cannot be
 * told from a copy. What a child maps itself, and copies when it has forked a child of its own,
 * is not told unless that was seen at work there.
 */
int64_t *touch_copies(const struct record *record);

/*
 * touch_files.c: bytes of file pages of each of the record's touches, as far as they are resident.
 * What was reclaimed and read again came twice: all that came is made to fit what the process had
 * of files when it was last seen, since nobody knows which of them went. The caller frees.
 */
int64_t *touch_files(const struct record *record);

static inline int64_t touch_grown(const struct record_touch *touch)
{
	return or_zero(touch->anon) + or_zero(touch->file) + or_zero(touch->shmem);
}

static inline int64_t touch_page_bytes(const struct record *record)
{
	return is_known(record->page_size) ? record->page_size : 4096;
}

#endif
