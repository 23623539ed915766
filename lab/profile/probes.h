/*
 * probes.h - the rings of the touch profile, one a CPU, read as one stream in order of time.
 *
 * Internal to lab/profile.
 */
#ifndef OOMLAB_PROFILE_PROBES_H
#define OOMLAB_PROFILE_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "profile/extra_probes.h"

enum {
	PROBES_RECORD_MAX = 65536,
	PROBES_LARGE_BYTES = 1 << 20,
	PROBES_FAULTS_PERIOD = 8,
	PROBES_STACK_BYTES = 8192, /* of a sample */
	PROBES_TICK_NS = 1999000,  /* of a clock; in step with nothing */
	PROBES_TICK_STACK_BYTES = 4096,
};

enum probe {
	PROBE_LEADER, /* tells of maps, forks and ends; has the ring */
	PROBE_RSS,
	PROBE_RESERVE,
	PROBE_ASK,
	PROBE_TASKS, /* has a ring of its own, which wakes at once; nobody reads it */
	PROBE_TICK,  /* a clock; off at first */
	PROBE_COUNT
};

struct probe_ring {
	int cpu;
	int fds[PROBE_COUNT]; /* -1: there is none */
	void *map, *tasks_map;
	uint64_t head; /* of this round */
};

/* Zero-initialise. */
struct probes {
	struct probe_ring *items;
	int count;
	int epoll_fd;
	size_t data_size; /* bytes of each */
	struct extra_probes extras;
	bool is_ticking;
};

/* Ids of tracepoints. */
struct probe_points {
	int64_t rss;	 /* kmem:rss_stat; <= 0: none, page faults lead the ring */
	int64_t reserve; /* mmap:vm_unmapped_area; <= 0: none */
	int64_t ask;	 /* syscalls:sys_enter_mmap; <= 0: none */
};

/*
 * Opens the events of `pid` and what it starts, enabled by its exec. 0 or -errno. Users without
 * privilege get smaller rings, and no faults of the kernel's own: those of read(2) are such. Page
 * faults that lead have a fixed period: the kernel's choice would still be long after the many
 * small pages of a start, and miss the few huge ones that follow.
 */
int probes_open(struct probes *probes, pid_t pid, const struct probe_points *points);

/* Whether the tracepoint is on, in all threads and children too. */
void probes_switch(struct probes *probes, bool is_on);
/* Whether the clock tells who is inside the kernel: some 30 us a tick where this is a guest. */
void probes_tick(struct probes *probes, bool is_on);

/*
 * One more event in the ring of index `at`, of a thread and what it starts; off at first. Returns
 * its descriptor, or -errno. See extra_probes.h, which opens and closes these.
 */
int probes_open_extra(const struct probes *probes, int at, pid_t tid,
		      const struct extra_probe_what *what);

/* What stands in the rings now is what probes_next() gives. */
void probes_begin(struct probes *probes);

/* Copies the oldest record to `record`, 8-aligned; returns its length, or 0 at the end. */
size_t probes_next(struct probes *probes, void *record);

/*
 * Closes them, in a thread of its own: the last to close a tracepoint waits some 50 ms until no
 * processor can be inside it, while there is a report to write.
 */
void probes_release(struct probes *probes);

#endif
