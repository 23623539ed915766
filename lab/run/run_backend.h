/*
 * run_backend.h - the backends cgroup, vm, current, docker and podman, as four verbs behind one
 * struct.
 *
 *	probe    before the plan: writes what this host offers into run->facts, and why it does not
 *	         into run->reasons. Every backend is probed, and does nothing where run->options rule
 *	         it out. 0, or -1 with err where the command line makes no run.
 *	prepare  after the plan has chosen this backend: does what all its runs need. 0 or -1.
 *	run      runs the target and writes the record. 0 when the record tells what became of it; -1
 *	         with err when oomlab itself failed (the record says so, if it could be written).
 *	cleanup  removes what a run may have left outside of this process. Safe at any stage and
 *	         repeatedly.
 *
 * A verb that a backend does not need is NULL.
 */
#ifndef OOMLAB_RUN_RUN_BACKEND_H
#define OOMLAB_RUN_RUN_BACKEND_H

#include "run/run.h"

struct run_backend {
	int (*probe)(struct run *run, struct err *err);
	int (*prepare)(struct run *run, struct err *err);
	int (*run)(struct run *run, struct err *err);
	void (*cleanup)(struct run *run);
};

/* The verbs of a backend; never NULL but for BACKEND_AUTO, which no plan keeps. */
const struct run_backend *run_backend(enum backend backend);

/* Probes all backends. 0 or -1. */
int run_backend_probe(struct run *run, struct err *err);

/* Cleans up the backend of the plan; does nothing before there is a plan. */
void run_backend_cleanup(struct run *run);

#endif
