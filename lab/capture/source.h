/*
 * source.h - what the poll loop knows of a source of evidence; private to lab/capture.
 *
 * A source opens itself or says why it cannot, has at most one descriptor to poll, reads one
 * event at a time, and closes. Its own state stands in struct capture.
 */
#ifndef OOMLAB_CAPTURE_SOURCE_H
#define OOMLAB_CAPTURE_SOURCE_H

#include <poll.h>

#include "capture/capture.h"
#include "capture/cgroups_seen.h"
#include "capture/family.h"
#include "capture/last_look.h"
#include "launch/guardian.h"
#include "profile/perf_ring.h"
#include "snapshot/cgroup_counters.h"
#include "snapshot/maps.h"
#include "snapshot/memory_files.h"
#include "snapshot/premortem.h"

enum { KMSG_LIMIT = 20000, MESSAGE_LIMIT = 10000, WHY_MAX = 256, GUEST_FILES_PLACES = 3 };

enum source_id {
	SOURCE_KMSG,
	SOURCE_EVENTS,
	SOURCE_MARK_VICTIM,
	SOURCE_SAMPLER,
	SOURCE_FAMILY,
	SOURCE_TOUCH,
	SOURCE_SIGNALS,
	SOURCE_GUARDIAN,
	SOURCE_TARGET,
	SOURCE_SCENARIO,
	SOURCE_COUNT
};

/* Instead of a descriptor: it is left alone, because another source tells the same. */
#define SOURCE_NEEDLESS (-2)

struct source {
	const char *name; /* in the record; NULL: not evidence, not mentioned there */
	/* Returns the descriptor, or -1 or SOURCE_NEEDLESS with the reason in why[WHY_MAX]. */
	int (*open)(struct capture *capture, char *why);
	void (*read)(struct capture *capture);
	short events; /* for poll(2) */
};

extern const struct source source_kmsg, source_events, source_mark_victim, source_sampler,
	source_signals, source_target, source_scenario, source_touch, source_family,
	source_guardian;

struct capture {
	struct capture_config config;
	struct record_writer *w;
	const struct cg *cg;
	struct target *target;
	struct pollfd polls[SOURCE_COUNT];
	int64_t started_ns, deadline_ns, pid_map_ns;
	bool target_ended, end_known;
	bool has_after;	    /* the target's own counters at the end were written */
	bool has_told_loss; /* ... or that they could not be read */
	int stop_signal;
	struct guardian_deed deed; /* of the guardian; why is GUARDIAN_NOTHING: it did nothing */
	char *escaped_to;	   /* the cgroup the target moved itself to; NULL: none seen */
	struct capture_status status;

	/* kmsg */
	uint64_t kmsg_next_seq;
	bool kmsg_seen, kmsg_overwritten; /* before any was seen */
	int64_t kmsg_lines, kmsg_lost, kmsg_over_limit, kill_lines, summary_lines;

	int64_t messages; /* of the scenario */

	/* events */
	struct record_counters before, now;
	int64_t oom_stuck_since_ns, oom_stuck_at; /* for the livelock watch */

	/* sampler */
	int64_t interval_ns;
	int64_t samples;
	struct record_sample last;     /* read */
	int64_t written[METRIC_COUNT]; /* of the last one written */
	bool has_written;
	int64_t charge_bytes, charge_ns; /* at the sample before */
	struct memory_files memory_files;
	int64_t files_before[GUEST_FILES_PLACES]; /* bytes at the start */
	bool has_files_before;

	struct last_look look;	/* at a target that is an engine's */
	struct touch *touch;	/* NULL: no profile */
	int usage_fd;		/* memory.current, while there is a profile; -1: no limit */
	struct modules modules; /* of the profile, once it is written */

	struct premortem premortem;

	/* which processes are the run's: family_watch.c */
	struct family family;
	size_t family_next; /* place of the table that is looked at next */
	struct perf_rings forks;
	bool knows_forks; /* by the rings; else by looking at cgroup.procs now and then */
	int64_t forks_lost;

	struct cgroups_seen cgroups_seen;

	/* mark_victim */
	struct perf_rings marks;
	int64_t mark_lost;
	unsigned short mark_pid_offset, mark_comm_offset;
};

/* kmsg.c: reads until the log has nothing more. */
void kmsg_drain(struct capture *capture);

void counters_take(struct capture *capture, const struct record_counters *new);
void counters_write_all(struct capture *capture, enum moment when);

/* sampler.c: one sample now, written; the cgroup's part of one; one that was read before. */
void sampler_take(struct capture *capture);
void sampler_read_cgroup(const struct cg *cg, struct record_sample *sample);
void sampler_put(struct capture *capture, const struct record_sample *sample);
/* ... and the files in memory of that moment, where they are worth it. */
void sampler_look_at_files(struct capture *capture);

/* guest_files.c: into a sample what files hold in a guest's memory; once, what of them was left. */
void guest_files_read(struct capture *capture, struct record_sample *sample);
void guest_files_note(struct capture *capture);

/* processes.c: waits for every child that has ended. */
void processes_reap(struct capture *capture);

/*
 * family_watch.c: opened for a target that waits at its gate. A tick looks at where some of the
 * run's processes are. Before what is in the cgroup is killed, and at the end, all are looked
 * at, and those that left it are stopped.
 */
void family_open(struct capture *capture, pid_t target);
void family_tick(struct capture *capture);
void family_stop(struct capture *capture);
void family_end(struct capture *capture);
void family_close(struct capture *capture);

/* True, and written down once, when that process is the run's. */
bool family_was_killed(struct capture *capture, pid_t pid);

/* mark_victim.c */
void mark_victim_close(struct capture *capture);

#endif
