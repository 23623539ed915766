/*
 * perf_ring.h - one kind of perf event, a ring a CPU, read record by record (perf_event_open(2)).
 *
 * For the sources of lab/capture, which read ring after ring. The touch profile needs its records
 * in the order of time, and has probes.h. Not thread safe.
 */
#ifndef OOMLAB_PROFILE_PERF_RING_H
#define OOMLAB_PROFILE_PERF_RING_H

#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct perf_ring {
	int fd;
	void *map;
};

/* perf_rings_open() sets all of it. */
struct perf_rings {
	struct perf_ring *items;
	int count;
	int epoll_fd; /* poll it for POLLIN; edge triggered, so only perf_rings_read() clears it */
	size_t data_size; /* bytes of each ring */
};

/*
 * A record with its header, `len` bytes in all, 8-aligned. Of more than 1024 bytes the rest is cut.
 */
typedef void perf_record_fn(const struct perf_event_header *record, size_t len, void *ctx);

/*
 * Opens the event on every CPU that is online, of `pid` (-1: of all), with `data_pages` pages for
 * each, a power of two. Returns 0, or -errno and has opened nothing.
 */
int perf_rings_open(struct perf_rings *rings, struct perf_event_attr *attr, pid_t pid,
		    size_t data_pages);

/* Calls back for every record there is, ring after ring. */
void perf_rings_read(struct perf_rings *rings, perf_record_fn *take, void *ctx);

/* How many events a PERF_RECORD_LOST stands for; 0 for any other record. */
int64_t perf_ring_lost(const struct perf_event_header *record, size_t len);

/* Safe on what is zeroed or closed. */
void perf_rings_close(struct perf_rings *rings);

#endif
