/*
 * run_container.h - the backends docker and podman: the steps of lab/launch/container/container.h
 * with the run's settings, and what of them goes into the record.
 */
#ifndef OOMLAB_RUN_RUN_CONTAINER_H
#define OOMLAB_RUN_RUN_CONTAINER_H

#include "run/run.h"

/*
 * The probe of run_backend.h: finds the engine that is wanted, into the run and its facts. A
 * command needs its spec settled: it is made of the image's own and the operands, into run->argv
 * and run->path.
 */
int run_container_probe(struct run *run, struct err *err);

/* ring: the descriptor of the trace ring. */
int run_container_start(struct run *run, int ring, struct target *target, struct cg *cg,
			struct err *err);

/* The command runs: what is still to be asked about the engine is, meanwhile. */
void run_container_released(struct run *run);

/*
 * What the engine says at the end; an engine that is gone, or has lost the container, takes its
 * word with it, the kernel's stays. end_known: the record has the target's status already.
 */
void run_container_ask(struct run *run, pid_t pid, bool end_known);

/* The cleanup of run_backend.h. Says what it could not remove, in the record, too, where there is one. */
void run_container_remove(struct run *run);

#endif
