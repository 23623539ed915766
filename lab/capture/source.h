/*
 * source.h - what the poll loop knows of a source of evidence; private to lab/capture.
 *
 * A source opens itself or says why it cannot, has at most one descriptor to poll, reads one
 * event at a time, and closes. Its own state is a struct that its file alone knows; the loop and
 * the other sources ask its functions.
 */
#ifndef OOMLAB_CAPTURE_SOURCE_H
#define OOMLAB_CAPTURE_SOURCE_H

#include <poll.h>

#include "capture/capture.h"
#include "capture/cgroups_seen.h"
#include "capture/last_look.h"
#include "launch/guardian.h"
#include "snapshot/premortem.h"

enum { WHY_MAX = 256 };

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
	void (*put_losses)(struct capture *capture); /* into the record, at the end; or NULL */
	void (*close)(struct capture *capture);	     /* all but the descriptor; or NULL */
	short events;				     /* for poll(2) */
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
	int stop_signal;
	struct guardian_deed deed; /* of the guardian; why is GUARDIAN_NOTHING: it did nothing */
	char *escaped_to;	   /* the cgroup the target moved itself to; NULL: none seen */
	struct capture_status status;

	/* Each is its own file's, and NULL until that opens it. */
	struct kmsg *kmsg;
	struct counters *counters;
	struct mark_victim *mark_victim;
	struct sampler *sampler;
	struct guest_files *guest_files;
	struct family_watch *family;
	int64_t messages; /* of the scenario, for processes.c */

	struct last_look look;	 /* at a target that is an engine's */
	struct profile *profile; /* NULL: no profile */
	int usage_fd;		 /* memory.current, while there is a profile; -1: no limit */
	struct modules modules;	 /* of the profile, once it is written */

	struct premortem premortem;

	struct cgroups_seen cgroups_seen;
};

/* kmsg.c: until nothing new comes and every counted kill has its line, or patience ends. */
void kmsg_await_quiet(struct capture *capture, int64_t kills);

/*
 * counters.c: those of the run's own cgroup by another's reading, as last seen, all levels into the
 * record; OOMs go on that find nobody to kill.
 */
void counters_take(struct capture *capture, const struct record_counters *new);
int64_t counters_now(const struct capture *capture, enum counter which);
void counters_write_all(struct capture *capture, enum moment when);
bool counters_are_stuck(struct capture *capture);

/* sampler.c: one sample now, written; the cgroup's part of one; one that was read before. */
void sampler_take(struct capture *capture);
void sampler_read_cgroup(const struct cg *cg, struct record_sample *sample);
void sampler_put(struct capture *capture, const struct record_sample *sample);
const struct record_sample *sampler_last(const struct capture *capture);
/* ... and the files in memory of that moment, where they are worth it. */
void sampler_look_at_files(struct capture *capture);

/* guest_files.c: into a sample what files hold in a guest's memory; once, what of them was left. */
void guest_files_read(struct capture *capture, struct record_sample *sample);
void guest_files_note(struct capture *capture, const struct record_sample *last);
void guest_files_close(struct capture *capture);

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

/* True, and written down once, when that process is the run's. */
bool family_was_killed(struct capture *capture, pid_t pid);

#endif
