/*
 * run_here.h - a run under this kernel: one loop does the operations of the plan and undoes them in
 * reverse. The backends cgroup, current, docker and podman differ in their operations alone.
 */
#ifndef OOMLAB_RUN_RUN_HERE_H
#define OOMLAB_RUN_RUN_HERE_H

#include "run/run.h"

/* The verbs of run_backend.h; the probe is that of the backend cgroup. */
int run_here_probe(struct run *run, struct err *err);
int run_here(struct run *run, struct err *err);

#endif
