/*
 * kills.h - the kernel's OOM events of a record that belong to its run; pure.
 *
 * The record's kernel log lines go through lab/oomlog, one fed line each, so line n of the parser
 * is kmsg[n - 1] of the record. Other cgroups of a shared host are killed in the same log: an event
 * is kept when its limit is that of the run's cgroup, of one below or above it, or of the whole
 * machine, or when a process of the run is among its victims. Only victims that belong to the run
 * make an event the target's or a child's.
 *
 * LIMITATION: at most KILLS_MAX events are kept, the rest is counted; a livelock makes thousands.
 */
#ifndef OOMLAB_RECORD_KILLS_H
#define OOMLAB_RECORD_KILLS_H

#include "oomlog/oomlog.h"
#include "record/record.h"

#define KILLS_MAX 256

struct kill {
	struct oomlog_event event; /* a copy; lives as long as the kills */
	bool is_target;		   /* the run's target is among the victims */
	size_t child_count;	   /* victims of the run other than the target */
	size_t first_own;	   /* index of the first victim of the run; victim_count: none */
	bool is_inside;		   /* the limit is that of the run's cgroup or of one below */
};

struct kills {
	struct kill *items; /* in the order of the log */
	size_t count;
	size_t dropped;	  /* beyond KILLS_MAX */
	size_t no_victim; /* events inside the run's cgroup that killed nobody, dropped ones too */
	void **owned;	  /* what the copies point to */
	size_t owned_count;
};

/* Never NULL; the caller frees with kills_free(). */
struct kills *kills_find(const struct record *record);
void kills_free(struct kills *kills);

/* True when victim `i` of the event is a process of the run: the target or another. */
bool kills_is_of_run(const struct record *record, const struct oomlog_event *event, size_t i);

/* The kmsg record a line number of an event stands for; NULL for 0. */
const struct record_kmsg *kills_line(const struct record *record, uint64_t line);

/* The kill that matters most: the target's, else a child's, else NULL. */
const struct kill *kills_main(const struct kills *kills);

/* True when `path` is `top` or below it; both absolute cgroup paths. NULL is nowhere. */
bool cgroup_is_within(const char *path, const char *top);

#endif
