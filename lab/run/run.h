/*
 * run.h - the state of a session and its current run, which session.h, the steps of a run and the
 * backends (run_backend.h) share. session.c owns all of it unless a member says otherwise.
 */
#ifndef OOMLAB_RUN_RUN_H
#define OOMLAB_RUN_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/folder.h"
#include "launch/container/container.h"
#include "launch/container/engine.h"
#include "launch/guardian.h"
#include "launch/pid_map.h"
#include "launch/plan.h"
#include "record/record.h"
#include "run/live.h"
#include "run/tally.h"
#include "spec/spec.h"
#include "symbols/modules.h"

/* The command line; strings are borrowed from it. */
struct run_options {
	struct spec spec; /* what the command line says, which wins over the scenario's own */
	bool oom_group_given;
	enum backend backend;
	enum outcome expect; /* OUTCOME_UNSET: none */
	const char *kernel;  /* path or series; NULL: the default */
	const char *reports; /* folder */
	bool is_unkept;	     /* `reports` is gone with the container, so no message points there */
	const char **files;  /* to pack into the guest; NULL-terminated */
	size_t file_count;
	/* What replay-stage performs, packed into the guest as VM_STAGE; NULL: nothing. */
	const char *stage;
	size_t stage_size;
	struct run_keep *keep; /* the guest stays up for the next run (run_keep.h); or NULL */
	char **made;	       /* gets the path of the run's folder, malloc'd; or NULL */
	const char *image;     /* of a container; NULL: CONTAINER_EMPTY_IMAGE */
	const char **container_options; /* for the engine's `run`; NULL-terminated */
	size_t container_option_count;
	long repeat;
	bool dry_run, quiet, full, json, open, help, twin;
	bool allow_host_sysctl, share_host, isolated, no_touch_profile;
	bool preload;		     /* count allocation calls */
	const char *preload_library; /* path of the library, where inside_guest */
	int premortem_percent;	     /* the snapshot is taken this far below the limit; 0: none */
	bool premortem_core;	     /* the snapshot has a core file */
	bool inside_guest;     /* this oomlab runs in the guest; record and trace go to ports */
	const char *spec_json; /* the whole spec as settled on the host, where inside_guest */
};

/* Why a backend cannot be used; reasons in struct plan_facts point into these. */
struct run_reasons {
	struct err current, cgroup, vm, engine, share, files;
};

/* Private to run_container.c. */
struct run_container {
	struct engine engine;
	struct container made;
	struct engine_call info; /* `ENGINE info`, asked while the command runs */
	char **argv;		 /* of the image and the operands together; NULL: none yet */
};

struct run {
	const struct run_options *options;
	struct spec spec;
	char **argv;   /* of the target, borrowed; the operands alone until a container is probed */
	char *path;    /* what is executed, absolute but in a container */
	char *preload; /* the library that counts allocation calls; NULL: none */
	struct plan_facts facts;
	struct run_reasons reasons;
	struct plan plan;
	struct cg_home home;
	struct run_container container;
	bool shares_host; /* the VM sees this host's files; see run_share.h */
	/* Of the current run. */
	struct guardian *guardian; /* own_guardian, or that of a guest that is kept */
	struct guardian own_guardian;
	struct folder folder; /* reports/<name>-<time>-<pid>; none inside the guest */
	struct record_writer writer;
	int trace_port;		/* inside the guest: where the trace goes; -1: nowhere */
	struct pid_map pid_map; /* of the processes in a container */
	struct modules
		modules; /* files of code that touched memory; those of a container are open */
	FILE *json;	 /* with --json: what was standard output, which the command does not get */
	struct live live;
	bool has_begun; /* the guest has said that the target runs */
	struct tally tally;
	sigset_t signals; /* SIGINT, SIGTERM, SIGHUP: blocked, seen by the poll loops */
	int signal;	  /* the one that ended the run, or 0 */
};

/*
 * Fills run->signals and blocks them and SIGCHLD: the poll loops read them, so that a run that is
 * interrupted ends in order. SIGPIPE and SIGXFSZ are ignored.
 */
void run_block_signals(struct run *run);

/* Whether one of them is pending; it stays so. */
bool run_is_signalled(const struct run *run);

#endif
