/*
 * run.h - one run, as the session (session.h), its steps and the backends (run_backend.h) share it.
 */
#ifndef OOMLAB_RUN_RUN_H
#define OOMLAB_RUN_RUN_H

#include <signal.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/folder.h"
#include "launch/container/container.h"
#include "launch/container/engine.h"
#include "launch/guardian.h"
#include "launch/pid_map.h"
#include "launch/plan.h"
#include "record/record.h"
#include "run/live.h"
#include "spec/spec.h"
#include "symbols/modules.h"

struct run_options {
	struct spec spec; /* what the command line says, over the scenario's own */
	bool oom_group_given;
	enum backend backend;
	enum outcome expect; /* OUTCOME_UNSET: none */
	const char *kernel;  /* path or series; NULL: the default */
	const char *reports; /* folder */
	bool is_unkept;	     /* which ends with the container: nobody is told to look there */
	const char **files;  /* to pack into the guest; NULL-terminated */
	size_t file_count;
	const char *image;		/* of a container; NULL: an empty one */
	const char **container_options; /* for the engine's `run`; NULL-terminated */
	size_t container_option_count;
	long repeat;
	bool dry_run, quiet, help, twin;
	bool allow_host_sysctl, share_host, no_touch_profile;
	bool preload;		     /* count allocation calls */
	const char *preload_library; /* inside_guest: where the library is */
	int premortem_percent;	     /* of the limit, below it; 0: none */
	bool premortem_core;	     /* with a core file */
	bool inside_guest;     /* this is the oomlab in the guest: record and trace go to ports */
	const char *spec_json; /* inside_guest: the whole spec, settled outside */
};

/* Why a backend is not to be had; texts of plan_facts point into these. */
struct run_reasons {
	struct err current, cgroup, vm, engine, share;
};

/* A container, for run_container.c. */
struct run_container {
	struct engine engine;
	struct container made;
	struct engine_call info; /* what the engine is, asked while the command runs */
	char **argv; /* of the target where the image has a part in it: owned; else NULL */
};

/* Whether the VM is shown the host's files, for run_share.c. */
struct run_share {
	bool is_shown;
	const char *script; /* because of it, or it would be were it not for reasons.share */
};

struct run {
	const struct run_options *options;
	struct spec spec;
	char **argv;   /* of the target; of a container, until probed, the operands */
	char *path;    /* what is executed, absolute */
	char *preload; /* the library that counts allocation calls; NULL: none */
	struct plan_facts facts;
	struct run_reasons reasons;
	struct plan plan;
	struct cg_home home;
	struct run_container container;
	struct run_share share;
	/* Of one run. */
	struct guardian guardian;
	struct folder folder; /* reports/<name>-<time>-<pid>; none inside the guest */
	struct record_writer writer;
	int trace_port;		/* inside the guest: where the trace goes; -1: nowhere */
	struct pid_map pid_map; /* of the processes of a container */
	struct modules modules; /* files of the code that touched memory, a container's held open */
	struct live live;
	sigset_t signals; /* SIGINT, SIGTERM, SIGHUP: blocked, seen by the poll loops */
	int signal;	  /* the one that ended the run, or 0 */
};

/*
 * SIGINT, SIGTERM, SIGHUP and SIGCHLD are blocked from here on and read by the poll loops: whatever
 * has been started by then is ended in order.
 */
void run_block_signals(struct run *run);

#endif
