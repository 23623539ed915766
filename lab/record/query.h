/*
 * query.h - look-ups in a loaded record, for the verdict and the report; pure, allocates nothing.
 *
 * A number that the record does not have is ABSENT, a pointer NULL. Everything returned is borrowed
 * from the record. A cgroup may be NULL: then all its numbers are ABSENT.
 */
#ifndef OOMLAB_RECORD_QUERY_H
#define OOMLAB_RECORD_QUERY_H

#include "base/absent.h"
#include "record/record.h"

/* The target's own cgroup (level 0). */
const struct record_cgroup *record_own_cgroup(const struct record *r);

/* A cgroup that is neither the run's own nor above it, as last seen. */
const struct record_cgroup_seen *record_cgroup_seen(const struct record *r, const char *path);

/* The change of a counter of memory.events / of memory.events.local; ABSENT when a side is. */
int64_t record_delta(const struct record_cgroup *cgroup, enum counter which);
int64_t record_delta_local(const struct record_cgroup *cgroup, enum counter which);

/* The last "exit" line of the target. */
const struct record_process_end *record_target_end(const struct record *r);

/* True when the target's end is known and was SIGKILL, or a status of 137, which reports one. */
bool record_target_got_sigkill(const struct record *r);

/*
 * The largest request of the target's that failed with ENOMEM, as --preload counted them; NULL: none
 * is known, as in records of earlier versions, which do not tell that it was ENOMEM.
 */
const struct record_reservation *record_refused_call(const struct record *r);

/* Highest value of a metric in all samples, and the sample that has it (may be NULL). */
int64_t record_max(const struct record *r, enum metric metric, const struct record_sample **at);

/* The last sample at or before t_ns that has the metric; t_ns ABSENT: the last of all. */
const struct record_sample *record_sample_before(const struct record *r, int64_t t_ns,
						 enum metric metric);

/* memory.peak; where the kernel has none, the highest sample of memory.current: a lower bound. */
int64_t record_peak(const struct record *r, bool *is_sampled);

/*
 * How often memory.high throttled the target's cgroup. 0 where the lab itself had set memory.high,
 * for the snapshot.
 */
int64_t record_high_delta(const struct record *r);

/* Sum of the losses of that kind; 0 when none was recorded. */
int64_t record_lost(const struct record *r, enum loss what);

/* True when the kernel log was read to the end of the run and nothing of it was lost. */
bool record_saw_all_kmsg(const struct record *r);

/* The figures of `ps` that the spec compares the run's with; NULL: none. */
const struct ps_figures *record_ps_figures(const struct record *r);

const struct record_source *record_source_named(const struct record *r, const char *name);
const struct record_site *record_site_at(const struct record *r, uint64_t address);

/* A setting as text / as a number, where "N kB" of /proc/meminfo becomes bytes. */
const char *record_setting(const struct record *r, const char *name);
int64_t record_setting_number(const struct record *r, const char *name);

/* 1-based number of a sample, as reports cite it. */
size_t record_sample_number(const struct record *r, const struct record_sample *sample);

#endif
