/*
 * probes.h - the perf events and rings of the touch profile, a ring a CPU, read as one stream in
 * the order of time. See perf_event_open(2). Internal to lab/profile.
 *
 * Pattern of use: probes_open(); probes_begin() and probes_next() until it returns 0, again and
 * again; probes_release().
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
	PROBES_LARGE_BYTES = 1 << 20, /* mappings and heaps from this size on are watched */
	PROBES_FAULTS_PERIOD = 8,     /* faults a sample, where page faults alone are sampled */
	PROBES_STACK_BYTES = 8192,    /* of a sample */
	PROBES_TICK_NS = 1999000,     /* not 2 ms, to be in step with nothing */
	PROBES_TICK_STACK_BYTES = 4096,
};

enum probe {
	PROBE_LEADER,  /* owns the ring; records of mappings, forks, execs and exits */
	PROBE_RSS,     /* kmem:rss_stat */
	PROBE_RESERVE, /* mmap:vm_unmapped_area */
	PROBE_REQUEST, /* syscalls:sys_enter_mmap */
	PROBE_UNMAP,   /* syscalls:sys_enter_munmap, without the stack */
	PROBE_REMAP,   /* syscalls:sys_enter_mremap, likewise */
	PROBE_INVOKE,  /* oom:mark_victim */
	PROBE_TASKS, /* owns another ring, which wakes the launcher at each fork; it is not read */
	PROBE_TICK,  /* a clock; off at first */
	PROBE_COUNT
};

struct probe_ring {
	int cpu;
	int fds[PROBE_COUNT]; /* -1: there is none */
	void *map, *tasks_map;
	uint64_t head; /* where the records of this round end */
};

/* Zero-initialise. */
struct probes {
	struct probe_ring *items;
	int count;
	int epoll_fd;	  /* poll it for POLLIN */
	size_t data_size; /* bytes of each ring */
	struct extra_probes extras;
	bool is_ticking;
	int taken;	  /* the ring whose oldest record was read last */
	size_t taken_len; /* its length; 0: the ring has it back */
};

/* Ids of tracepoints. */
struct probe_points {
	int64_t rss;	 /* kmem:rss_stat; <= 0: none, the leader samples page faults */
	int64_t reserve; /* mmap:vm_unmapped_area; <= 0: none */
	int64_t request; /* syscalls:sys_enter_mmap; <= 0: none */
	int64_t unmap;	 /* syscalls:sys_enter_munmap; <= 0: none */
	int64_t remap;	 /* syscalls:sys_enter_mremap; <= 0: none */
	int64_t invoke;	 /* oom:mark_victim; <= 0: none */
};

/*
 * Opens the events for `pid` and what it starts; its exec switches them on. 0 or -errno; then
 * probes_release() is still to be called. Users without privilege get smaller rings, and no faults
 * inside the kernel, as read(2) has them. Where page faults alone are sampled their period is
 * fixed: one that the kernel adapts would still be long from the many small pages of a start when
 * the few huge ones come.
 */
int probes_open(struct probes *probes, pid_t pid, const struct probe_points *points);

/* Switches kmem:rss_stat on or off, in all threads and children too. */
void probes_switch(struct probes *probes, bool is_on);
/* Switches the clock on or off. A tick costs some 30 us where the machine is a guest. */
void probes_tick(struct probes *probes, bool is_on);

/*
 * One more event in the ring of index `at`, of a thread and what it starts; off at first. Returns
 * its descriptor, or -errno. See extra_probes.h, which opens and closes these.
 */
int probes_open_extra(const struct probes *probes, int at, pid_t tid,
		      const struct extra_probe_what *what);

/* Begins a round: probes_next() returns what is in the rings now. */
void probes_begin(struct probes *probes);

/*
 * Returns the length of the oldest record, or 0 at the end. *record, 8-aligned, is in its ring, or
 * in `room` (PROBES_RECORD_MAX bytes, 8-aligned) where it does not lie in one piece there; it is
 * valid until the next call.
 */
size_t probes_next(struct probes *probes, void *room, const void **record);

/*
 * Closes all; tracepoints a little later, in a process that nobody waits for (base/aside.h): the
 * last to close one waits some 40 ms, in which nobody can open another. Zeroes *probes.
 */
void probes_release(struct probes *probes);

#endif
