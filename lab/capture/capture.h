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
 * The capture runs in the launcher, outside the target's cgroup: what it allocates is never charged
 * to the target. Before capture_open() the caller blocks SIGINT, SIGTERM, SIGHUP and SIGCHLD; it is
 * a child subreaper, so that orphans of the target are reaped here. Not thread safe.
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

/* What the live line of a run can show. */
struct capture_status {
	int64_t current_bytes; /* ABSENT before the first sample */
	int64_t max_bytes;     /* memory.max; INT64_MAX: no limit */
	int64_t oom_kill;      /* kills since capture_open() */
};

/* All that it points to outlives the capture. */
struct capture_config {
	struct record_writer *writer;
	const struct cg *cg;
	int64_t timeout_ns;
	bool is_guest;		       /* inside oomlab's own VM, where files are memory */
	bool in_container;	       /* which may be why the kernel log is not there */
	bool profiles;		       /* take the touch profile (profile.h) */
	int premortem_percent;	       /* snapshot so far under memory.max (premortem.h); 0: none */
	const struct folder *core_dir; /* the snapshot's core file goes here; NULL: no core file */
	const struct trace_ring *ring; /* the arenas that the snapshot describes; or NULL */
	struct guardian *guardian;     /* of the run (guardian.h); NULL: none */
	const char *program;	       /* the path that the target is started by; NULL: not known */
	struct pid_map *pid_map;       /* of a container's processes, to be completed; or NULL */
	void (*progress)(const struct capture_status *status, void *ctx); /* each sample; or NULL */
	void *ctx;							  /* of progress */
};

struct capture;
struct guardian;
struct trace_ring;

/* NULL with err set when signals cannot be watched; any other source may be absent. */
struct capture *capture_open(const struct capture_config *config, struct err *err);

/*
 * Opens the sources that need the target, which waits at the gate: its processes and the touch
 * profile. The record says why one cannot be opened.
 */
void capture_attach(struct capture *capture, const struct target *target);

/*
 * Watches until the target ends. Returns 0, or the number of the signal that asked to stop. After
 * the watchdog or a signal everything in the cgroup is killed, and the record says so. The target
 * lives until capture_finish() has returned.
 */
int capture_watch(struct capture *capture, struct target *target);

/* Kills what the target left running and writes the last facts. pre: capture_attach() */
void capture_finish(struct capture *capture);

/*
 * The files of the code that touched memory, after capture_finish() and once; the caller calls
 * modules_release(). Files of a container are held open, because its root goes when it ends.
 */
struct modules capture_take_modules(struct capture *capture);

/*
 * Whether the target's exit status is in the record. It cannot be known of a target that is no
 * child of this process on a kernel before 6.15.
 */
bool capture_saw_end(const struct capture *capture);

/* Not of NULL. */
void capture_close(struct capture *capture);

#endif
