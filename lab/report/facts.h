/*
 * facts.h - what several parts of a report derive from the record, worked out once; pure.
 *
 * Picks the kill, the arena and the limit that the story is about, and itemises memory in a budget.
 * Everything points into the record and the conclusion, which must outlive the facts.
 * Units: bytes, ns. Absent is ABSENT or NULL.
 */
#ifndef OOMLAB_REPORT_FACTS_H
#define OOMLAB_REPORT_FACTS_H

#include "record/query.h"
#include "record/verdict.h"

#define BUDGET_MAX 16

/* What memory is itemised into; budget_keys[] has the JSON keys. */
enum budget_part {
	BUDGET_ANON,
	BUDGET_FILE, /* without shared memory */
	BUDGET_SHMEM,
	BUDGET_PAGETABLES,
	BUDGET_KERNEL_STACK,
	BUDGET_SLAB,
	BUDGET_PERCPU,
	BUDGET_VMALLOC,
	BUDGET_KERNEL_OTHER,
	BUDGET_SOCK,
	BUDGET_NOT_ITEMISED,
	BUDGET_PART_COUNT
};
extern const char *const budget_keys[BUDGET_PART_COUNT];

/* One item of a budget; label is for people. */
struct budget_item {
	enum budget_part part;
	const char *label;
	int64_t bytes; /* negative only for BUDGET_NOT_ITEMISED: counters are not read at once */
	bool is_kernel;
};

/*
 * The memory of one cgroup at one moment, in bytes. The items add up to `total`. `unused` is the
 * rest up to the limit; ABSENT without a limit, or if total is above it.
 */
struct budget {
	struct budget_item items[BUDGET_MAX]; /* without zeros; largest first, not itemised last */
	size_t count;
	int64_t total, limit, unused;
	const struct record_kmsg *kmsg;	    /* first line of the kernel's dump that it is from */
	const struct record_sample *sample; /* else the sample that it is from */
	size_t sample_number;		    /* 1-based */
};

struct facts {
	const struct record *record;
	const struct conclusion *conclusion;
	const struct record_process_end *end; /* of the target */
	const struct kill *kill;	      /* kills_main(); NULL: none */
	/* Of that kill: the target, else the chosen process, else the first one of the run. */
	const struct oomlog_victim *victim;
	/* Of a group kill: the process that the kernel chose; NULL: not said, or no group kill. */
	const struct oomlog_victim *chosen;
	const struct record_kmsg *kill_line, *invoked_line, *summary_line, *limit_line;
	int64_t kill_ns;
	const struct record_arena *arena; /* the one that the story is about; NULL: none */
	const struct record_site *init_site, *clear_site;
	const struct record_cgroup *own;   /* level 0 */
	const struct record_cgroup *limit; /* the cgroup whose limit was hit, or the tightest */
	const struct record_cgroup_seen *limit_seen; /* the same, if it has no level */
	int64_t limit_bytes;
	int64_t peak;
	bool is_peak_sampled;  /* the kernel has no memory.peak: highest sample of memory.current */
	struct budget at_kill; /* count 0: not known */
	struct budget at_peak;
};

/* Fills `facts`, which holds nothing to release. */
void facts_gather(const struct record *record, const struct conclusion *conclusion,
		  struct facts *facts);

/* What people call the target: the scenario's name, else the last part of argv[0]. Never NULL. */
const char *facts_target_name(const struct facts *facts);

/* True when the engine's OOMKilled agrees with the outcome on whether a process was OOM-killed. */
bool facts_engine_agrees(const struct facts *f);

/* From the opening of the gate to the target's end, else to the record's end; or ABSENT. */
int64_t facts_duration_ns(const struct facts *facts);

#endif
