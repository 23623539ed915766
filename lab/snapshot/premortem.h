/*
 * premortem.h - the snapshot of the target just before its limit.
 *
 * memory.high is set a few percent under the lowest memory.max. When memory.events says that
 * memory.high was passed, everything in the cgroup is frozen (cgroup.freeze), snapshot.h writes
 * what the processes are like, memory.high is put back to max, and the cgroup is thawed. The kernel
 * throttles above memory.high but kills only at memory.max, so the kernel still chooses the victim.
 *
 * Not armed, with the reason in the record: on cgroup v1; where nothing has a limit; where
 * memory.high is in use already (by the run or by the container); where oomlab is in the cgroup
 * itself. No snapshot is taken while page cache, which the kernel can reclaim, makes up the charge.
 *
 * LIMITATIONS: when memory grows past both limits inside one system call the snapshot comes too
 * late; threads that sleep in the kernel while it throttles them (2 s at most) freeze only when
 * they wake. Freezing interrupts some system calls, as SIGSTOP does: epoll_wait(2) returns EINTR.
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
	bool is_shared;	     /* oomlab is inside */
	int64_t limit;	     /* the lowest memory.max of the cgroup and those above it */
	int64_t memory_high; /* in force at the target's own level */
	int64_t current;
	int64_t page_size;
};

/*
 * The value for memory.high, bytes; -1 with the reason in *why (a literal) when there is none.
 * Pure.
 */
int64_t premortem_plan(const struct premortem_facts *facts, int percent, const char **why);

/*
 * Whether the charge without its page cache (from the text of memory.stat) is near the limit.
 * Bytes. Pure.
 */
bool premortem_is_due(int64_t current, int64_t limit, int64_t high, const char *memory_stat);

/* All that it points to outlives the premortem. */
struct premortem_config {
	struct record_writer *w;
	const struct cg *cg;
	int percent;		       /* under the limit; 0: take no snapshot */
	const struct folder *core_dir; /* NULL: no core file */
	const struct trace_ring *ring; /* of arenas; NULL: none */
	/* Reads and writes a sample while the target is frozen, and returns its values. */
	void (*sample)(void *ctx, int64_t value[METRIC_COUNT]);
	void *ctx;
};

/* Zero-initialise. */
struct premortem {
	struct premortem_config config;
	struct record_premortem told;		     /* what the record says so far */
	struct record_counters before, before_local; /* memory.events, .local; when it was armed */
	bool is_armed;				     /* memory.high has the value set here */
	int64_t high_seen; /* count of memory.events high at the last check that read it; 0: none */
	struct modules modules; /* where there is no profile: files of the code on the stacks */
	const struct target *target; /* of the last check */
	struct profile *profile;
};

/*
 * Before the target starts. Sets memory.high; premortem_check() or premortem_disarm() undoes that.
 */
void premortem_arm(struct premortem *p, const struct premortem_config *config);

/*
 * Call after each reading of memory.events while the target lives; high: its count. Takes the one
 * snapshot when it is due. profile: its unwinding is used; NULL: an own one is made. Returns for
 * how long the target was frozen, ns.
 */
int64_t premortem_check(struct premortem *p, const struct target *target, struct profile *profile,
			int64_t high);

/* At the end: puts memory.high back to max where no snapshot was taken. */
void premortem_disarm(struct premortem *p);

/* The caller releases them. */
struct modules premortem_take_modules(struct premortem *p);
void premortem_release(struct premortem *p);

#endif
