/*
 * kills.h - the kernel's OOM events of a record that belong to its run; pure.
 *
 * The record's kernel log lines go through lab/oomlog, one fed line each, so line n of the parser
 * is kmsg[n - 1] of the record. The log of a shared host also has kills of other cgroups. An event
 * is kept when its limit is that of the run's cgroup, of one below or above it, or of the whole
 * machine, or when a process of the run is among its victims. A victim is of the run
 *  - by its cgroup, where the log names it;
 *  - by its pid, where the record has the processes that the target started;
 *  - by the cgroup's counter, where that has exactly as many further kills as the log has bare kill
 *    lines: those without a cgroup and with a pid that is not known.
 * A bare victim that may or may not be of the run is counted as unknown.
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
	size_t chosen;	 /* index of the victim that the summary names; victim_count: none */
	bool is_inside;	 /* the limit is that of the run's cgroup or of one below */
	bool is_outside; /* the kill was outside of the run's cgroup: by task_memcg or left_for */
	const char *left_for; /* the cgroup outside where the first victim of the run was last
				 seen; NULL: none, or the log names the victim's cgroup */
	bool is_dumped; /* the kernel printed its whole report, as it does for ten kills in 5 s */
};

struct kills {
	struct kill *items; /* in the order of the log */
	size_t count;
	size_t dropped;	  /* beyond KILLS_MAX */
	size_t no_victim; /* events inside the run's cgroup that killed nobody, dropped ones too */
	size_t victims;	  /* processes of the run that the log says were killed, each once */
	size_t outside;	  /* victims outside of the run's cgroup, whose counter has them not */
	size_t undumped;  /* victims with a kill line alone */
	size_t repeated;  /* further kill lines of victims; the counter has them, too */
	size_t bare;	  /* bare kill lines that are of no process known to be of the run */
	size_t unknown;	  /* those of `bare` that may or may not be of the run */
	int64_t missing; /* kills of the counter that no victim accounts for; 0 without bare ones */
	bool takes_bare; /* the bare kill lines are the missing kills, so of the run */
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

/* True when victim `i` may or may not be of the run. */
bool kills_is_unknown(const struct record *record, const struct kills *kills,
		      const struct oomlog_event *event, size_t i);

/* The kmsg record of a line number of an event; NULL for 0. */
const struct record_kmsg *kills_line(const struct record *record, uint64_t line);

/* The target's kill; else the first kill of a child, one with a report preferred; else NULL. */
const struct kill *kills_main(const struct kills *kills);

/* True when `path` is `top` or below it; both absolute cgroup paths. NULL is nowhere. */
bool cgroup_is_within(const char *path, const char *top);

/*
 * True when the record shows that the OOM killer killed no process of the run: the log was seen
 * whole, or the counter stood still and no process left the cgroup; and no kill is unknown.
 */
bool kills_are_ruled_out(const struct record *record, const struct kills *kills);

#endif
