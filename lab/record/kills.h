/*
 * kills.h - the kernel's OOM events of a record that belong to its run; pure.
 *
 * The record's kernel log lines go through lab/oomlog, one fed line each, so line n of the parser
 * is kmsg[n - 1] of the record. Other cgroups of a shared host are killed in the same log: an event
 * is kept when its limit is that of the run's cgroup, of one below or above it, or of the whole
 * machine, or when a process of the run is among its victims. Only victims that belong to the run
 * make an event the target's or a child's: by their cgroup where the log names it, by their pid
 * where the record knows whom the target started, wherever they went, and by the cgroup's counter
 * where it has just as many kills as the log has lines that nothing else explains. A kill of
 * somebody whom none of these tells apart from the run's is counted as unknown.
 *
 * LIMITATION: at most KILLS_MAX events are kept, the rest is counted; a livelock makes thousands.
 */
#ifndef OOMLAB_RECORD_KILLS_H
#define OOMLAB_RECORD_KILLS_H

#include "oomlog/oomlog.h"
#include "oomlog/pool.h"
#include "record/record.h"

#define KILLS_MAX 256

struct kill {
	struct oomlog_event event; /* a copy; lives as long as the kills */
	bool is_target;		   /* the run's target is among the victims */
	size_t child_count;	   /* victims of the run other than the target */
	size_t first_own;	   /* index of the first victim of the run; victim_count: none */
	size_t chosen;		   /* index of whom the log says was chosen; victim_count: none */
	bool is_inside;		   /* the limit is that of the run's cgroup or of one below */
	bool is_outside;      /* its victims were in no cgroup of the run, by the log or as they
				 were last seen */
	const char *left_for; /* where the first of the run was last seen, outside; NULL: the log
				 names its cgroup, or it was not seen outside */
	bool is_dumped;	      /* the kernel printed its account; it does so for ten in 5 s */
};

struct kills {
	struct kill *items; /* in the order of the log */
	size_t count;
	size_t dropped;	  /* beyond KILLS_MAX */
	size_t no_victim; /* events inside the run's cgroup that killed nobody, dropped ones too */
	size_t victims;	  /* processes of the run that the log says were killed, each once */
	size_t outside;	  /* of these: killed outside of the run's cgroup, which did not count it */
	size_t undumped;  /* of these: with a kill line alone */
	size_t repeated;  /* kill lines that named one of these again, which counters count */
	size_t bare;	  /* victims of whom no cgroup and no pid says that they were of the run */
	size_t unknown;	  /* of these: of whom it is not known whether they were */
	int64_t missing; /* kills that the counter has beyond those of the run, where bare ones are */
	bool takes_bare; /* ... and the bare ones are just these */
	int64_t *pids;	 /* of the victims */
	size_t pid_count;
	struct pool texts; /* what the copies point to */
};

/* Never NULL; the caller frees with kills_free(). */
struct kills *kills_find(const struct record *record);
void kills_free(struct kills *kills);

/* True when victim `i` of the event is a process of the run: the target or another. */
bool kills_is_of_run(const struct record *record, const struct kills *kills,
		     const struct oomlog_event *event, size_t i);

/* True when neither its cgroup nor its pid says whether it was of the run. */
bool kills_is_unknown(const struct record *record, const struct kills *kills,
		      const struct oomlog_event *event, size_t i);

/* The kmsg record a line number of an event stands for; NULL for 0. */
const struct record_kmsg *kills_line(const struct record *record, uint64_t line);

/* The kill that matters most: the target's, else the first of a child's with its account, else the
 * first, else NULL. */
const struct kill *kills_main(const struct kills *kills);

/* True when `path` is `top` or below it; both absolute cgroup paths. NULL is nowhere. */
bool cgroup_is_within(const char *path, const char *top);

/*
 * True when the record shows that the OOM killer killed nobody of the run: the log was seen whole,
 * or the counters stood still and nobody left the cgroup; and no kill is of somebody unknown.
 */
bool kills_are_ruled_out(const struct record *record, const struct kills *kills);

#endif
