/*
 * plan.h - from a spec and what this host can do to an ordered list of operations, or a skip with
 * its reason; pure. `oomlab run --dry-run` prints it, lab/run/run_here.c executes it: one loop, and
 * back in reverse.
 */
#ifndef OOMLAB_LAUNCH_PLAN_H
#define OOMLAB_LAUNCH_PLAN_H

#include <stdbool.h>
#include <stdio.h>

#include "launch/cgroup.h"
#include "spec/spec.h"

enum backend {
	BACKEND_AUTO,
	BACKEND_CGROUP,
	BACKEND_VM,
	BACKEND_CURRENT, /* inside a container, under its own limit */
	BACKEND_DOCKER,	 /* a container watched from outside, by that engine ... */
	BACKEND_PODMAN,
	BACKEND_CONTAINER, /* ... or by whichever answers */
	BACKEND_COUNT
};
extern const char *const backend_names[BACKEND_COUNT];

static inline bool backend_is_container(enum backend backend)
{
	return backend == BACKEND_DOCKER || backend == BACKEND_PODMAN ||
	       backend == BACKEND_CONTAINER;
}

enum plan_op {
	OP_PROTECT,   /* the launcher from the OOM killer */
	OP_SYSCTL,    /* kernel-wide settings */
	OP_OWN,	      /* open the cgroup this process is in, a container's */
	OP_CGROUP,    /* make the cgroup */
	OP_LIMITS,    /* set them and read them back */
	OP_RING,      /* the trace ring, pre-faulted outside the cgroup */
	OP_CONTAINER, /* made by the engine, with its limit; the target is in it, at the gate */
	OP_IN_FORCE,  /* read the container's limits from its cgroup */
	OP_SOURCES,   /* open every source of evidence */
	OP_START,     /* the target, in the cgroup, at the gate */
	OP_GATE,      /* open it */
	OP_WATCH,     /* until the target ends */
	OP_FINISH,    /* last facts */
	OP_ENGINE,    /* ask the engine what it saw */
	OP_BOOT,      /* the VM, which does all of the above inside */
	OP_COUNT
};

struct plan_facts {
	int cgroup_version;	   /* where this user can make a memory cgroup: 2, 1, or 0 */
	const char *cgroup_reason; /* why not; NULL if it can */
	const char *kmsg_reason;   /* why the kernel log cannot be read here; NULL if it can */
	const char *cgroup_parent; /* of cg_find_home(); for the print */
	bool vm_works;
	const char *vm_reason; /* why not; NULL if it does */
	bool is_guest;	       /* this kernel is ours to change */
	bool allow_host_sysctl;
	/* The container this runs in, if any. */
	bool in_container;
	const char *current_reason;  /* why its own limit cannot be used; NULL if it can */
	int current_version;	     /* of the cgroup its limit stands in */
	struct amount current_limit; /* in force */
	/* The engine that would run a container. */
	const char *engine;	   /* docker, podman */
	const char *engine_reason; /* why there is none; NULL if there is */
	int engine_version;	   /* of its cgroups; 0: not known */
	bool limit_asked;	   /* on the command line, not by the scenario alone */
	bool shares_host;	   /* the VM is shown the host's files; for the print */
	const char *share_reason;  /* why it is */
	/* What is watched, for the print. */
	bool profiles;	       /* who touches memory */
	bool counts_calls;     /* of allocation */
	int premortem_percent; /* of the limit, below it; 0: no look */
};

struct plan {
	enum backend backend;
	char reason[256]; /* of the backend */
	const char
		*skip; /* why it cannot run at all; NULL: it can. Points into facts or literals */
	enum plan_op ops[OP_COUNT];
	size_t op_count;
	uint64_t ram_bytes; /* of the guest */
};

/* Decides. `wanted` is BACKEND_AUTO or what the user insists on. */
void plan_make(const struct spec *spec, enum backend wanted, const struct plan_facts *facts,
	       struct plan *plan);

/* One numbered line an operation, with the values it will use. */
void plan_print(FILE *to, const struct plan *plan, const struct spec *spec,
		const struct plan_facts *facts, const char *kernel);

#endif
