/*
 * query.h - what the verdict and the report ask of a loaded record; pure, allocates nothing.
 *
 * Numbers the record does not hold are ABSENT, pointers NULL. Everything returned is
 * borrowed from the record.
 */
#ifndef OOMLAB_RECORD_QUERY_H
#define OOMLAB_RECORD_QUERY_H

#include "base/absent.h"
#include "record/record.h"

/* The target's own cgroup (level 0). */
const struct record_cgroup *record_own_cgroup(const struct record *r);

/* A cgroup besides these, as last seen; NULL: it was not. */
const struct record_cgroup_seen *record_cgroup_seen(const struct record *r, const char *path);

/* after - before of memory.events, or of memory.events.local; absent when either side is. */
int64_t record_delta(const struct record_cgroup *cgroup, enum counter which);
int64_t record_delta_local(const struct record_cgroup *cgroup, enum counter which);

/* The last "exit" line of the target. */
const struct record_process_end *record_target_end(const struct record *r);

/* True when the target's end is known and was SIGKILL; a status of 137 is a report of one. */
bool record_target_got_sigkill(const struct record *r);

/* Highest value of a metric in all samples, and the sample that has it (may be NULL). */
int64_t record_max(const struct record *r, enum metric metric, const struct record_sample **at);

/* The last sample taken at or before t_ns (absent: of all) that has the metric. */
const struct record_sample *record_sample_before(const struct record *r, int64_t t_ns,
						 enum metric metric);

/* memory.peak; where the kernel has none, the highest memory.current seen: a lower bound. */
int64_t record_peak(const struct record *r, bool *is_sampled);

/*
 * How often memory.high held the target's cgroup back. 0 where the lab had set it itself, to look
 * just below the limit: that is no fate of the target's.
 */
int64_t record_high_delta(const struct record *r);

/* Sum of the losses of that kind; 0 when none was recorded. */
int64_t record_lost(const struct record *r, enum loss what);

/* True when the source was open and nothing of it was lost. */
bool record_saw_all_kmsg(const struct record *r);

/* The figures that the spec sets beside the run's, or that an older version's meant; NULL: none. */
const struct ps_figures *record_ps_figures(const struct record *r);

const struct record_source *record_source_named(const struct record *r, const char *name);
const struct record_site *record_site_at(const struct record *r, uint64_t address);

/* A setting as text; as a number ("N kB", as /proc/meminfo writes it, is given in bytes). */
const char *record_setting(const struct record *r, const char *name);
int64_t record_setting_number(const struct record *r, const char *name);

/* 1-based number of a sample, as reports cite it. */
size_t record_sample_number(const struct record *r, const struct record_sample *sample);

#endif
