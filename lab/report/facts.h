/*
 * facts.h - what a report needs beyond the record's own lines, worked out once; pure.
 *
 * Picks the kill, the arena and the limit the story is about, and itemises memory into a budget.
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
	int64_t bytes; /* negative only for BUDGET_NOT_ITEMISED: items read one after another */
	bool is_kernel;
};

/*
 * Where the memory of one cgroup went at one moment. The items add up to `total`; with `unused`,
 * where there is a limit and it was not passed, to the limit.
 */
struct budget {
	struct budget_item items[BUDGET_MAX]; /* none is 0, largest first, the rest last */
	size_t count;
	int64_t total, limit, unused;
	const struct record_kmsg *kmsg; /* first line of the kernel's own dump it is from, or: */
	const struct record_sample *sample;
	size_t sample_number; /* 1-based */
};

struct facts {
	const struct record *record;
	const struct conclusion *conclusion;
	const struct record_process_end *end; /* of the target */
	const struct kill *kill;	      /* the one that matters most */
	const struct oomlog_victim *victim;   /* of that kill: the target, else the chosen one or
						 the first that is of the run */
	const struct oomlog_victim *chosen;   /* of a group kill: whom the kernel chose; NULL: it
						 is not said, or no group kill */
	const struct record_kmsg *kill_line, *invoked_line, *summary_line, *limit_line;
	int64_t kill_ns;
	const struct record_arena *arena; /* the one the story is about */
	const struct record_site *init_site, *clear_site;
	const struct record_cgroup *own;   /* level 0 */
	const struct record_cgroup *limit; /* the cgroup whose limit was hit, or the tightest */
	const struct record_cgroup_seen *limit_seen; /* the same when it is none of these */
	int64_t limit_bytes;
	int64_t peak;
	bool is_peak_sampled;  /* highest memory.current seen; the kernel has no memory.peak */
	struct budget at_kill; /* count 0: not known */
	struct budget at_peak;
};

void facts_gather(const struct record *record, const struct conclusion *conclusion,
		  struct facts *facts);

/* What people call the target: the scenario's name, else the last part of argv[0]. Never NULL. */
const char *facts_target_name(const struct facts *facts);

/* True when the engine's OOMKilled says what the kernel does: somebody inside was killed, or not.
 */
bool facts_engine_agrees(const struct facts *f);

/* From the opening of the gate to the target's end, or to that of the record. */
int64_t facts_duration_ns(const struct facts *facts);

#endif
