/*
 * capture.h - one poll loop over every source of evidence, writing what it sees into the record.
 *
 * Pattern of use:
 *  1. capture_open()    every source is opened, or says in the record why it is absent; counters
 *                       and limits "before" are written
 *  2. start the target; capture_attach(); open its gate
 *  3. capture_watch()   until the target has ended, the watchdog fires or a signal asks to stop
 *  4. capture_finish()  last counters, what stays charged, the kernel log until it is quiet
 *  5. capture_close()   safe at any stage
 *
 * Times are CLOCK_MONOTONIC ns, the clock of the kernel log's stamps and of the trace.
 * It runs outside the target's cgroup: what it allocates is never charged to the target. SIGINT,
 * SIGTERM and SIGCHLD must be blocked by the caller before capture_open(); the caller must be a
 * child subreaper for orphans of the target to be reaped here.
 * Bounded: samples get rarer as the run gets longer, kernel log lines stop after KMSG_LIMIT.
 */
#ifndef OOMLAB_CAPTURE_CAPTURE_H
#define OOMLAB_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "launch/cgroup.h"
#include "launch/pid_map.h"
#include "launch/target.h"
#include "record/record.h"
#include "symbols/modules.h"

/* What a live line can show. */
struct capture_status {
	int64_t current_bytes; /* ABSENT before the first sample */
	int64_t max_bytes;     /* INT64_MAX: no limit */
	int64_t oom_kill;      /* so far */
};

struct capture_config {
	struct record_writer *writer;
	const struct cg *cg;
	int64_t timeout_ns;
	bool is_guest;	       /* of ours: what is written there is memory */
	bool profiles;	       /* who touches the memory (profile.h) */
	int premortem_percent; /* a look so far under memory.max (premortem.h); 0: none */
	const struct folder
		*core_dir; /* with a core file of the target, into this folder; NULL: none */
	const struct trace_ring *ring; /* arenas, for that look; may be NULL */
	struct guardian *guardian;     /* of the run (guardian.h); NULL: none */
	const char *program;	       /* the path that the target is started by; NULL: not known */
	struct pid_map *pid_map;       /* of a container's processes, to be completed; or NULL */
	void (*progress)(const struct capture_status *status, void *ctx); /* may be NULL */
	void *ctx;
};

struct capture;
struct guardian;
struct trace_ring;

struct capture *capture_open(const struct capture_config *config, struct err *err);

/* The sources that need the target, which waits at the gate. What cannot be opened says why. */
void capture_attach(struct capture *capture, const struct target *target);

/*
 * Watches until the target ends. Returns 0, or the number of the signal that asked to stop. The
 * watchdog and a signal kill everything in the cgroup, and that is written down.
 */
int capture_watch(struct capture *capture, struct target *target);

/* Whatever the target left is killed; the last facts are written. */
void capture_finish(struct capture *capture);

/*
 * The files of the code that touched memory, once: for modules_release(). Those of a container
 * stand open, as its root goes with it.
 */
struct modules capture_take_modules(struct capture *capture);

/* False when the target's end was seen but not its status: one that is no child, before 6.15. */
bool capture_saw_end(const struct capture *capture);
void capture_close(struct capture *capture);

#endif
