/*
 * touch_ring.h - the rings of the touch profile, one a CPU, read as one stream in order of time.
 *
 * Internal to lab/capture.
 */
#ifndef OOMLAB_CAPTURE_TOUCH_RING_H
#define OOMLAB_CAPTURE_TOUCH_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "capture/touch_side.h"

enum {
	TOUCH_RECORD_MAX = 65536,
	TOUCH_LARGE_BYTES = 1 << 20,
	TOUCH_FAULTS_PERIOD = 8,
	TOUCH_STACK_BYTES = 8192,     /* of a sample */
	TOUCH_TICKS_PER_SECOND = 499, /* in step with nothing */
	TOUCH_SOME_FAULTS_A_SECOND = 3989,
};

enum touch_ring_event {
	RING_LEADER, /* tells of maps, forks and ends; has the ring */
	RING_RSS,    /* leads those of page faults: they are on and off with it */
	RING_FAULT,
	RING_RESERVE,
	RING_TICK,
	RING_SOME_FAULTS, /* as RING_FAULT, while the tracepoint is off */
	RING_EVENTS
};

struct touch_ring {
	int cpu;
	int fds[RING_EVENTS]; /* -1: there is none */
	void *map;
	uint64_t head; /* of this round */
};

/* What goes on to tell who is at work while the tracepoint is off. */
enum touch_rings_watch {
	TOUCH_WATCH_NONE,
	TOUCH_WATCH_TICKS,  /* a clock, of those inside the kernel */
	TOUCH_WATCH_FAULTS, /* some page faults */
};

/* Zero-initialise. */
struct touch_rings {
	struct touch_ring *items;
	int count;
	int epoll_fd;
	size_t data_size; /* bytes of each */
	struct touch_sides sides;
	enum touch_rings_watch watch;
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

/*
 * Whether the tracepoint is on, in all threads and children too; off, page faults are not sampled
 * with it. Page faults that lead are always on.
 */
void touch_rings_switch(struct touch_rings *rings, bool is_on);
/* Nothing, at first. */
void touch_rings_watch(struct touch_rings *rings, enum touch_rings_watch watch);

/*
 * One more event in the ring of index `at`, of a thread and what it starts; off at first. Returns
 * its descriptor, or -errno. See touch_side.h, which opens and closes these.
 */
int touch_ring_open_beside(const struct touch_rings *rings, int at, pid_t tid, int64_t tracepoint,
			   const char *filter);

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
