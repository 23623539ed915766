/*
 * plan.h - turns a spec and the facts about this host into an ordered list of operations, or a skip
 * with its reason; pure. `oomlab run --dry-run` prints the list, lab/run/run_here.c executes it in
 * one loop and undoes it in reverse.
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
	BACKEND_DOCKER,	 /* a container of this engine, watched from outside */
	BACKEND_PODMAN,
	BACKEND_CONTAINER, /* a container of the first engine that answers */
	BACKEND_COUNT
};
extern const char *const backend_names[BACKEND_COUNT];

static inline bool backend_is_container(enum backend backend)
{
	return backend == BACKEND_DOCKER || backend == BACKEND_PODMAN ||
	       backend == BACKEND_CONTAINER;
}

enum plan_op {
	OP_PROTECT,   /* protect the launcher from the OOM killer */
	OP_SYSCTL,    /* change kernel-wide settings */
	OP_OWN,	      /* open the cgroup that this process is in, a container's */
	OP_CGROUP,    /* make the cgroup */
	OP_LIMITS,    /* set its limits and read them back */
	OP_RING,      /* make the trace ring and pre-fault it outside the cgroup */
	OP_CONTAINER, /* let the engine make a container with its limit, held at the gate */
	OP_IN_FORCE,  /* read the container's limits from its cgroup */
	OP_SOURCES,   /* open every source of evidence */
	OP_START,     /* start the target in the cgroup, held at the gate */
	OP_GATE,      /* open the gate */
	OP_WATCH,     /* watch until the target ends */
	OP_FINISH,    /* read the last facts */
	OP_ENGINE,    /* ask the engine what it saw */
	OP_BOOT,      /* boot the VM, which does the operations of BACKEND_CGROUP inside */
	OP_COUNT
};

/* Strings are borrowed; the plan's `skip` may point to one of them. */
struct plan_facts {
	int cgroup_version;	   /* where this user can make a memory cgroup: 2, 1, or 0 */
	const char *cgroup_reason; /* why not; NULL if it can */
	const char *files_reason;  /* which file of this host is missing; NULL: none */
	bool has_sys_resource;	   /* this process has CAP_SYS_RESOURCE */
	const char *kmsg_reason;   /* why the kernel log cannot be read here; NULL if it can */
	const char *cgroup_parent; /* of cg_find_home(); for plan_print() */
	bool vm_works;
	const char *vm_reason; /* why not; NULL if it does */
	bool is_guest;	       /* this is a VM of oomlab: kernel-wide settings may change */
	bool allow_host_sysctl;
	/* The container this runs in, if any. */
	bool in_container;
	const char *current_reason;  /* why its own limit cannot be used; NULL if it can */
	int current_version;	     /* of the cgroup its limit stands in */
	struct amount current_limit; /* in force */
	/* The engine that would run a container. */
	const char *engine;	   /* "docker", "podman"; NULL: none */
	const char *engine_reason; /* why there is none; NULL if there is */
	int engine_version;	   /* of its cgroups; 0: not known */
	bool limit_requested;	   /* by the command line, not by the scenario alone */
	bool shares_host;	   /* the VM sees the host's files; for plan_print() */
	const char *share_reason;  /* why it does not, though it was to; NULL: it was not to */
	/* What is watched, for plan_print(). */
	bool profiles;	       /* which code touches memory */
	bool counts_calls;     /* allocation calls, by --preload */
	int premortem_percent; /* the snapshot is taken this far below the limit; 0: none */
};

struct plan {
	enum backend backend;
	char reason[256];	 /* why this backend */
	const char *alternative; /* of --backend=auto: which other one would do, and what that would
				    change; NULL: none */
	const char
		*skip; /* why it cannot run at all, a literal or one of the facts; NULL: it can */
	enum plan_op ops[OP_COUNT];
	size_t op_count;
	uint64_t ram_bytes; /* of a guest */
};

/*
 * Bytes of RAM that a guest for this spec gets. It is taken from the host only as the guest touches
 * it, so a generous guest costs little: the limit, not the RAM, must be what ends the target.
 */
uint64_t plan_guest_ram(const struct spec *spec);

/* Fills *plan. `wanted` is BACKEND_AUTO or the backend that the user requested. */
void plan_make(const struct spec *spec, enum backend wanted, const struct plan_facts *facts,
	       struct plan *plan);

/* Prints one numbered line per operation. kernel: the guest's, as requested; NULL: the default. */
void plan_print(FILE *to, const struct plan *plan, const struct spec *spec,
		const struct plan_facts *facts, const char *kernel);

#endif
