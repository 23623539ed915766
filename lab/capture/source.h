/*
 * source.h - what the poll loop knows of a source of evidence; private to lab/capture.
 *
 * A source opens itself or says why it cannot, has at most one descriptor to poll, reads what is
 * ready without blocking, and closes. Its state is a struct of its own .c file; the loop and the
 * other sources call its functions. "Put" in a name means: write into the record.
 */
#ifndef OOMLAB_CAPTURE_SOURCE_H
#define OOMLAB_CAPTURE_SOURCE_H

#include <poll.h>

#include "capture/capture.h"
#include "capture/cgroups_seen.h"
#include "capture/end_reader.h"
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

/* Returned instead of a descriptor: the source stays closed, because another tells the same. */
#define SOURCE_NEEDLESS (-2)

struct source {
	const char *name; /* in the record; NULL: no evidence, and the record does not name it */
	/*
	 * Returns the descriptor, or -1 or SOURCE_NEEDLESS with the reason in why[WHY_MAX]. NULL:
	 * capture_attach() or capture_watch() puts the descriptor in.
	 */
	int (*open)(struct capture *capture, char *why);
	void (*read)(struct capture *capture);
	void (*put_losses)(struct capture *capture); /* into the record, at the end; or NULL */
	void (*close)(struct capture *capture);	     /* frees its state; the loop closes fds */
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
	int64_t started_ns, deadline_ns; /* of capture_watch() */
	int64_t pid_map_ns;		 /* when the pid map was last completed */
	bool target_ended, end_known;	 /* end_known: its exit status is in the record */
	int stop_signal;
	struct guardian_deed deed; /* GUARDIAN_NOTHING: the guardian did nothing */
	char *escaped_to;	   /* the cgroup the target moved itself to; NULL: none seen */
	struct capture_status status;

	/* Each is known to its own .c file, and NULL until that opens it. */
	struct kmsg *kmsg;
	struct counters *counters;
	struct mark_victim *mark_victim;
	struct sampler *sampler;
	struct guest_files *guest_files;
	struct family_watch *family;
	int64_t messages; /* that the scenario sent; counted by processes.c */

	struct end_reader end_reader; /* runs for a target of a container engine */
	struct profile *profile;      /* NULL: no profile */
	int usage_fd;		      /* memory.current, for the profile's headroom; -1: not open */
	struct modules modules;	      /* of the profile or the snapshot, once it is written */

	struct premortem premortem;
	struct cgroups_seen cgroups_seen;
};

/* kmsg.c: reads until nothing new comes and each of `kills` has its line, half a second at most. */
void kmsg_await_quiet(struct capture *capture, int64_t kills);
/* Writes why /dev/kmsg cannot be read into why[WHY_MAX]; cause: an errno value. Pure. */
void kmsg_refusal(int cause, bool in_container, char *why);

/* counters.c: takes in counters of the run's own cgroup that somebody else has read. */
void counters_take(struct capture *capture, const struct record_counters *new);
/* One of them as last read, or ABSENT. */
int64_t counters_now(const struct capture *capture, enum counter which);
/* Reads the counters of every level and writes them. */
void counters_write_all(struct capture *capture, enum moment when);
/* Whether OOMs have gone on for a while without a kill. */
bool counters_show_livelock(struct capture *capture);

/* sampler.c: reads a sample and writes it. */
void sampler_take(struct capture *capture);
/* Reads what the cgroup's files say; all else is ABSENT. Safe in another thread. */
void sampler_read_cgroup(const struct cg *cg, struct record_sample *sample);
/* Writes a sample that somebody else has read. */
void sampler_put(struct capture *capture, const struct record_sample *sample);
const struct record_sample *sampler_last(const struct capture *capture);
/* Looks for files in memory, when that is due at the last sample's charge (memory_files.h). */
void sampler_find_memory_files(struct capture *capture);

/* guest_files.c: adds to a sample what files hold in a guest's memory. */
void guest_files_read(struct capture *capture, struct record_sample *sample);
/* Notes at the end what files were left. */
void guest_files_note(struct capture *capture, const struct record_sample *last);
void guest_files_close(struct capture *capture);

/* processes.c: reaps every child that has ended, without blocking. */
void processes_reap(struct capture *capture);

/* family_watch.c: follows whom the target starts. pre: the target waits at its gate. */
void family_open(struct capture *capture, pid_t target);
/* Looks up the cgroups of a few of the run's processes, in turn. */
void family_tick(struct capture *capture);
/*
 * Looks up the cgroups of all, and kills those that left the run's: cg_kill() does not reach them.
 */
void family_stop(struct capture *capture);
/* The same at the end, and writes what was lost. */
void family_end(struct capture *capture);

/* Whether a killed process is the run's, which is written into the record once. */
bool family_note_killed(struct capture *capture, pid_t pid);

#endif
