/*
 * cgroup.h - one memory cgroup for one run: found a home for, made, limited, emptied, removed.
 *
 * libcgroup makes and fills it (cgroup v1 and v2 alike) and stands in cgroup.c alone; everything
 * that libcgroup cannot do (read-back, events, kill), and its end, which is the guardian's too
 * (cgroup_end.h), is plain files through a directory descriptor. On a v1 host the same calls map to
 * memory.limit_in_bytes and memory.memsw.*, with fewer facts.
 *
 * Pattern of use:
 *  1. cg_find_home()  where this user may make a memory cgroup
 *  2. cg_name(), cg_create()   make it, open it and every ancestor in reach
 *  3. cg_limit()      sets limits and fails unless the kernel reads them back as set
 *  4. start the target inside (target.h)
 *  5. cg_destroy()    kills what is left, waits until it is empty, removes it; safe at any stage
 *
 * A cgroup is named oomlab-<pid>-<start time of that pid>, so that leftovers of a killed launcher
 * are told from living ones: cg_clear_leftovers().
 * A cgroup of somebody else's making is opened by cg_open_of() and cg_open_own().
 * LIMITATIONS: cgroup namespaces whose mount shows another root than /proc/self/cgroup are used at
 * the mount's top.
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
	int version;	       /* 2, 1; 0: none */
	char mount[PATH_MAX];  /* where the hierarchy with the memory controller is mounted */
	char parent[PATH_MAX]; /* below the mount: "/" or "/a/b" */
};

struct cg_level {
	int dirfd;  /* -1: not in reach */
	char *path; /* as in /proc/PID/cgroup */
};

struct cg {
	int version;
	char path[PATH_MAX];   /* below the mount; "" when it is not ours */
	const char *name;      /* the last part of it */
	int parent;	       /* the directory it is made in; ours only */
	int freezers, freezer; /* v1: that in the freezer hierarchy, and its own there; or -1 */
	struct cg_level levels[CG_LEVELS]; /* 0 is its own, then parents; the root has no limits */
	int level_count;
	bool is_named;	/* cg_name() has opened what stands above it */
	bool made;	/* by us: cg_destroy() removes it */
	bool is_shared; /* this process is inside too, see cg_open_own() */
};

/*
 * Finds where this user may make a memory cgroup: version 2 preferred. Returns 0, or -1 with the
 * reason and what to do (status EXIT_SKIP).
 */
int cg_find_home(struct cg_home *home, struct err *err);

/*
 * Where it will be made, and its name: its guardian is told before it is there. 0 or -1;
 * cg_destroy() afterwards in each case.
 */
int cg_name(const struct cg_home *home, struct cg *cg, struct err *err);

/* Makes it: after cg_name(). On version 1 one of the freezer hierarchy beside it, if it can be. */
int cg_create(const struct cg_home *home, struct cg *cg, struct err *err);

/*
 * Opens a cgroup that exists and is not ours: that of a process, or the one this process is in
 * itself (a container's, seen from inside: with or without a cgroup namespace). Where the target
 * shares it with the lab, cg_population() and cg_kill() mean the lab's descendants, never the lab.
 * Returns 0, or -1 with the reason (status EXIT_SKIP): no memory controller is in sight.
 */
int cg_open_of(pid_t pid, struct cg *cg, struct err *err);
int cg_open_own(struct cg *cg, struct err *err);

/* The directory of this process's cgroup in the v1 freezer hierarchy; -1: none. */
int cg_open_freezer(void);

/* The lowest memory limit in force at any level in reach; "max" when there is none. */
struct amount cg_limit_in_force(const struct cg *cg);

/*
 * Sets the limits and reads them back; a difference of less than a page is the kernel's rounding.
 * Returns 0, or -1 when a limit is not in force: nothing may be started then.
 */
int cg_limit(const struct cg *cg, const struct cgroup_limits *limits, struct err *err);

/* The second half alone, for limits that somebody else has set. */
int cg_check_limits(const struct cg *cg, const struct cgroup_limits *limits, struct err *err);

/* Reads the limits in force at a level; what has no file stays unset. */
void cg_read_limits(const struct cg *cg, int level, struct cgroup_limits *limits);

/* Number of processes inside; 0 when it is gone. */
int cg_population(const struct cg *cg);

/*
 * The cgroup that process `pid` is in now, as in /proc/PID/cgroup, where that is neither this one
 * nor one below it; the caller frees. NULL: it is inside, or cannot be asked.
 */
char *cg_left_for(const struct cg *cg, pid_t pid);

/*
 * SIGKILL to everything inside, again until it is empty or 5 s have passed. 0 or -ETIMEDOUT.
 * Nothing is reaped: who leaves the cgroup cannot be waited for yet, and its status is the
 * caller's.
 */
int cg_kill(const struct cg *cg);

/* Empties and removes it, closes the descriptors. 0, or -1 when it could not be removed. */
int cg_destroy(struct cg *cg, struct err *err);

/*
 * Kills and removes cgroups of launchers that no longer live, below `home`. Returns how many were
 * found; those that could not be removed are counted in *stuck. With dry set only counts.
 */
int cg_clear_leftovers(const struct cg_home *home, bool dry, int *stuck);

#endif
