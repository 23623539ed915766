/*
 * run_container.h - the backends docker and podman: calls lab/launch/container/container.h with the
 * settings of the run, and writes into the record what it learns there.
 */
#ifndef OOMLAB_RUN_RUN_CONTAINER_H
#define OOMLAB_RUN_RUN_CONTAINER_H

#include "run/run.h"

/*
 * The verb probe of run_backend.h: finds the engine, and sets it in the run and its facts. For a
 * command it also sets run->argv and run->path, from the image's command and the operands, and may
 * start the container. pre: the spec is settled.
 */
int run_container_probe(struct run *run, struct err *err);

/* Brings the container to its gate. ring: the descriptor of the trace ring. 0 or -1. */
int run_container_start(struct run *run, int ring, struct target *target, struct cg *cg,
			struct err *err);

/* Call it when the gate is open: asks the engine for its version while the command runs. */
void run_container_released(struct run *run);

/*
 * Records what the engine says at the end; a note, where it cannot be asked. end_known: the record
 * has the target's status already.
 */
void run_container_ask(struct run *run, pid_t pid, bool end_known);

/*
 * The verb cleanup of run_backend.h. What could not be removed is printed, and noted in the record.
 */
void run_container_remove(struct run *run);

#endif
