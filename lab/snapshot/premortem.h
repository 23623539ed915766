/*
 * premortem.h - the snapshot of the target just before its limit.
 *
 * memory.high is set a few percent under memory.max. When memory.events says that it was passed,
 * everything in the cgroup is frozen (cgroup.freeze), looked at (snapshot.h), memory.high is put back
 * to max, and everything is let go on. The kernel throttles above memory.high but kills only at
 * memory.max, so who is killed stays the kernel's choice.
 *
 * Not armed, with the reason in the record: on cgroup v1; where nothing has a limit; where
 * memory.high is in use already (by the run or by the container); where the lab is in the cgroup
 * itself. A page cache that the kernel can reclaim is no reason to look: that is waited out.
 *
 * LIMITATIONS: memory that grows past both limits inside one system call is seen too late; threads
 * asleep in the kernel while it throttles them (2 s at most) cannot be frozen before they wake.
 * Freezing interrupts some system calls, as SIGSTOP does: epoll_wait(2) returns EINTR.
 */
#ifndef OOMLAB_SNAPSHOT_PREMORTEM_H
#define OOMLAB_SNAPSHOT_PREMORTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "launch/cgroup.h"
#include "launch/target.h"
#include "profile/profile.h"
#include "record/premortem_lines.h"
#include "symbols/modules.h"
#include "trace/trace_ring.h"

enum { PREMORTEM_PERCENT = 5, PREMORTEM_PERCENT_MAX = 50 };

/* The cgroup's state as far as the decision needs it; bytes, INT64_MAX: no limit. */
struct premortem_facts {
	int cgroup_version;
	bool is_shared;	     /* the lab is inside */
	int64_t limit;	     /* the lowest on the way up */
	int64_t memory_high; /* in force at the target's own level */
	int64_t current;
	int64_t page_size;
};

/* Where memory.high is to be put; -1 with the reason in *why when nowhere. Pure. */
int64_t premortem_plan(const struct premortem_facts *facts, int percent, const char **why);

/*
 * Whether what is charged is near its end: text of memory.stat and the amounts. False while page
 * cache makes up the difference. Pure.
 */
bool premortem_is_due(int64_t current, int64_t limit, int64_t high, const char *memory_stat);

/* All outlives the premortem. */
struct premortem_config {
	struct record_writer *w;
	const struct cg *cg;
	int percent;		       /* under the limit; 0: none is taken */
	const struct folder *core_dir; /* NULL: no core file */
	const struct trace_ring *ring; /* of arenas; NULL: none */
	/* Takes and writes a sample of the target that stands still. */
	void (*sample)(void *ctx, int64_t value[METRIC_COUNT]);
	void *ctx;
};

/* Zero-initialise. */
struct premortem {
	struct premortem_config config;
	struct record_premortem told;  /* as written so far */
	struct record_counters before; /* when it was armed */
	bool is_armed;		       /* memory.high is the lab's */
	int64_t high_seen;	/* memory.events high when it was last thought about; 0: never */
	struct modules modules; /* of an unwinding of its own */
	const struct target *target; /* of the last check */
	struct profile *profile;
};

/* Before the target starts. */
void premortem_arm(struct premortem *p, const struct premortem_config *config);

/*
 * After memory.events was read, as long as the target lives; high: its count. Looks, once, when it
 * is time. profile: whose unwinding serves; NULL: one of its own. Returns for how long the target
 * stood still, ns.
 */
int64_t premortem_check(struct premortem *p, const struct target *target, struct profile *profile,
			int64_t high);

/* At the end: memory.high as it was found, if it is still the lab's. */
void premortem_disarm(struct premortem *p);

/* The caller releases them. */
struct modules premortem_take_modules(struct premortem *p);
void premortem_release(struct premortem *p);

#endif
