/*
 * premortem.h - a look at the target just before its limit; private to lab/capture.
 *
 * memory.high is set a few percent under memory.max. When memory.events says that it was passed,
 * everything in the cgroup is frozen (cgroup.freeze), looked at (look.h), memory.high is put back
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

struct capture;

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

/* Before the target starts. */
void premortem_arm(struct capture *capture);

/* After memory.events was read: looks, once, when it is time. */
void premortem_check(struct capture *capture);

/* At the end: memory.high as it was found, if it is still the lab's. */
void premortem_disarm(struct capture *capture);

#endif
