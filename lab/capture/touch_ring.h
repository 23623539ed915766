/*
 * touch_ring.h - the rings of the touch profile, one a CPU, read as one stream in order of time.
 *
 * Internal to lab/capture.
 */
#ifndef OOMLAB_CAPTURE_TOUCH_RING_H
#define OOMLAB_CAPTURE_TOUCH_RING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { TOUCH_RECORD_MAX = 65536, TOUCH_LARGE_BYTES = 1 << 20, TOUCH_FAULTS_PERIOD = 8 };

struct touch_ring {
	int fd, fault_fd, reserve_fd;
	void *map;
	uint64_t head; /* of this round */
};

/* Zero-initialise. */
struct touch_rings {
	struct touch_ring *items;
	int count;
	int epoll_fd;
	size_t data_size; /* bytes of each */
};

/* Ids of tracepoints. */
struct touch_points {
	int64_t rss;	 /* kmem:rss_stat; <= 0: none, page faults lead the ring */
	int64_t reserve; /* mmap:vm_unmapped_area; <= 0: none */
};

/*
 * Opens the events of `pid` and what it starts, enabled by its exec. 0 or -errno. Users without
 * privilege get smaller rings, and no faults of the kernel's own: those of read(2) are such. Page
 * faults that lead have a fixed period: the kernel's choice would still be long after the many
 * small pages of a start, and miss the few huge ones that follow.
 */
int touch_rings_open(struct touch_rings *rings, pid_t pid, const struct touch_points *points);

/* What stands in the rings now is what touch_rings_next() gives. */
void touch_rings_begin(struct touch_rings *rings);

/* Copies the oldest record to `record`, 8-aligned; returns its length, or 0 at the end. */
size_t touch_rings_next(struct touch_rings *rings, void *record);

/*
 * Closes them, in a thread of its own: the last to close a tracepoint waits some 50 ms until no
 * processor can be inside it, while there is a report to write.
 */
void touch_rings_release(struct touch_rings *rings);

#endif
