/*
 * run_vm.h - the backend vm: the same oomlab boots as PID 1 of a guest and sends its record back.
 */
#ifndef OOMLAB_RUN_RUN_VM_H
#define OOMLAB_RUN_RUN_VM_H

#include "run/run.h"

/* The verbs of run_backend.h. */
int run_vm_probe(struct run *run, struct err *err);
int run_vm_prepare(struct run *run, struct err *err);
int run_vm(struct run *run, struct err *err);

#endif
