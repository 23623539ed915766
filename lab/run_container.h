/*
 * run_container.h - the places "docker" and "podman": the steps of lab/launch/container.h with the
 * run's settings, and what of them goes into the record.
 */
#ifndef OOMLAB_RUN_CONTAINER_H
#define OOMLAB_RUN_CONTAINER_H

#include "launch/container.h"
#include "run.h"

/* Where a container is wanted: finds its engine, into the run and its facts. */
void run_container_find(struct run *run, struct err *reason);

/* What the image and the operands make together: sets run->argv and run->path. 0 or -1. */
int run_container_command(struct run *run, char **operands, struct err *err);

/* ring: the descriptor of the trace ring. */
int run_container_start(struct run *run, int ring, struct container *container,
			struct target *target, struct cg *cg, struct err *err);

/*
 * What the engine says at the end; an engine that is gone, or has lost the container, takes its
 * word with it, the kernel's stays. end_known: the record has the target's status already.
 */
void run_container_ask(struct run *run, struct container *container, pid_t pid, bool end_known);

void run_container_remove(struct run *run, struct container *container);

#endif
