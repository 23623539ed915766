/*
 * cgroup.h - one memory cgroup for one run: where it can be made, its limits, its end; and cgroups
 * that others made.
 *
 * libcgroup makes the cgroup and sets its limits, on v1 and v2 alike; cgroup.c alone calls it. All
 * else (read-back, events, kill) goes through plain files below a directory descriptor. The
 * guardian needs the end as well, so that has a file of its own (cgroup_end.h). On v1 the same
 * calls use memory.limit_in_bytes and memory.memsw.*, and fewer facts are known. The files are
 * described in the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
 *
 * Pattern of use:
 *  1. cg_find_home()  where this user may make a memory cgroup
 *  2. cg_name(), cg_create()   make it, open it and every ancestor in reach
 *  3. cg_limit()      sets limits and fails unless the kernel reads them back as set
 *  4. start the target inside (target.h)
 *  5. cg_destroy()    kills what is left, waits until it is empty, removes it; safe at any stage
 *
 * A cgroup is named oomlab-<pid>-<start time of that pid>, so that cg_clear_leftovers() can tell
 * the leftovers of a dead launcher from the cgroups of a living one.
 * LIMITATION: in a cgroup namespace whose mount shows another root than /proc/self/cgroup does, the
 * cgroup is made at the top of the mount.
 */
#ifndef OOMLAB_LAUNCH_CGROUP_H
#define OOMLAB_LAUNCH_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "scenarios/scenario.h"

enum { CG_LEVELS = 16 };

struct cg_home {
	int version;	       /* 2, 1; 0: no memory cgroup can be made */
	char mount[PATH_MAX];  /* where the hierarchy with the memory controller is mounted */
	char parent[PATH_MAX]; /* below the mount: "/" or "/a/b" */
};

struct cg_level {
	int dirfd;  /* -1: not in reach */
	char *path; /* as in /proc/PID/cgroup */
};

/* Zero-initialised: no cgroup. The descriptors belong to it until cg_destroy(). */
struct cg {
	int version;	     /* 2, 1 */
	char path[PATH_MAX]; /* below the mount; "" when oomlab did not make it */
	const char *name;    /* the last part of `path` */
	int parent;	     /* the directory it is made in; valid while is_named */
	int freezer_parent;  /* v1: this process's directory in the freezer hierarchy, or -1 */
	int freezer;	     /* v1: the directory `name` made in there, or -1 */
	struct cg_level levels[CG_LEVELS]; /* the cgroup itself, then its ancestors upwards */
	int level_count;
	bool is_named;	/* cg_name() has opened parent and freezer_parent */
	bool made;	/* by oomlab: cg_destroy() removes it */
	bool is_shared; /* this process is inside too, see cg_open_own() */
};

/*
 * Finds where this user may make a memory cgroup: version 2 preferred. Returns 0, or -1 with the
 * reason and what to do (status EXIT_SKIP).
 */
int cg_find_home(struct cg_home *home, struct err *err);

/*
 * Settles name and parent directory without making the cgroup, so that the guardian can be told of
 * it first. 0 or -1; call cg_destroy() afterwards in either case.
 */
int cg_name(const struct cg_home *home, struct cg *cg, struct err *err);

/*
 * Makes the cgroup; pre: cg_name(). On v1 it also makes one of the same name in the freezer
 * hierarchy, where that is possible. 0 or -1.
 */
int cg_create(const struct cg_home *home, struct cg *cg, struct err *err);

/*
 * Opens a cgroup that somebody else made, with its ancestors: cg_open_of() that of a process,
 * cg_open_own() that of this process (seen from inside a container, with or without a cgroup
 * namespace). In the latter the target shares the cgroup with oomlab, so cg_population() and
 * cg_kill() mean oomlab's descendants and never oomlab. 0, or -1 with the reason (status
 * EXIT_SKIP).
 */
int cg_open_of(pid_t pid, struct cg *cg, struct err *err);
int cg_open_own(struct cg *cg, struct err *err);

/* Opens the directory of this process's cgroup in the v1 freezer hierarchy; -1: there is none. */
int cg_open_freezer(void);

/* The lowest memory limit in force at any level in reach; "max" when there is none. */
struct amount cg_limit_in_force(const struct cg *cg);

/*
 * Sets the limits and reads them back; a difference of less than a page is the kernel's rounding.
 * Returns 0, or -1 when a limit is not in force: nothing may be started then.
 */
int cg_limit(const struct cg *cg, const struct cgroup_limits *limits, struct err *err);

/* Reads back limits that somebody else has set. 0, or -1 when one is not in force. */
int cg_check_limits(const struct cg *cg, const struct cgroup_limits *limits, struct err *err);

/* Reads the limits set at a level (an index into cg->levels); one without a file stays unset. */
void cg_read_limits(const struct cg *cg, int level, struct cgroup_limits *limits);

/* Number of processes inside; 0 when the cgroup is gone. */
int cg_population(const struct cg *cg);

/*
 * The cgroup that process `pid` has moved to, as /proc/PID/cgroup names it; the caller frees. NULL:
 * the process is still in this cgroup or below it, or that cannot be found out.
 */
char *cg_left_for(const struct cg *cg, pid_t pid);

/*
 * Sends SIGKILL to everything inside, again until the cgroup is empty or 5 s have passed. 0 or
 * -ETIMEDOUT. Reaps nothing: the exit statuses are the caller's to collect.
 */
int cg_kill(const struct cg *cg);

/*
 * Kills what is inside and removes the cgroup if oomlab made it; closes the descriptors in any
 * case. 0, or -1 when the cgroup could not be removed.
 */
int cg_destroy(struct cg *cg, struct err *err);

/*
 * Kills and removes cgroups of launchers that no longer live, below `home`. Returns how many were
 * found; those that could not be removed are counted in *stuck. dry: only counts.
 */
int cg_clear_leftovers(const struct cg_home *home, bool dry, int *stuck);

#endif
