/*
 * touches_parts.h - what the files of the touches share; nobody else includes it.
 *
 * touch_frames.c resolves frames, touch_estimate.c estimates bytes from page faults, touch_copies.c
 * finds the faults that copied a page, touch_files.c the resident part of files; touches.c adds up.
 */
#ifndef OOMLAB_REPORT_TOUCHES_PARTS_H
#define OOMLAB_REPORT_TOUCHES_PARTS_H

#include "report/touches.h"

/* touch_frames.c: the resolved frame, the innermost of its functions; NULL: not resolved. */
const struct record_frame *touch_frame_at(const struct touch_frames *frames, const char *at,
					  size_t len);

/* touch_estimate.c: sets has_huge_pages, resident and scale, on which estimates rest. */
void touch_fit(struct touch_frames *frames);

/*
 * touch_copies.c: by the frames' record and mappings, for each of the record's touches the bytes of pages copied after a fork(2). The
 * caller frees.
 *
 * Such a copy changes no process's resident size: it is a page fault without growth. Growth and
 * page faults are sampled apart, so a sample of one may fall to another touch than that of the
 * other. Therefore growth beyond the faults of a touch is subtracted from the copies of the same
 * process elsewhere, as far as a few samples can have been misplaced. Growth beyond that is growth
 * without faults (populated, huge pages), and is not subtracted.
 *
 * A touch copies when its faults exceed its growth by COPIES_LEAST_FAULTS, and by more than an
 * error of three standard deviations, with each sample as likely to fall to another touch.
 *
 * Not taken for copies are faults in shared memory and mapped files, where the first write faults
 * again, and faults in memory that a process mapped itself after the fork, up to the size that it
 * was taken to have at the fork: the process may have grown before its first sample.
 *
 * LIMITATIONS: a read of memory that was never written is a fault without growth, too, and is
 * counted as a copy. Copies in memory that a child mapped itself, made after it forked a child of
 * its own, are found only if that child has samples there.
 */
int64_t *touch_copies(const struct touch_frames *frames);

/*
 * touch_files.c: for each of the record's touches the bytes of file pages that are resident. Pages
 * that were reclaimed and read again came twice, and it is not known which of them went: the bytes
 * are scaled to what the process had of files when it was last seen. The caller frees.
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
