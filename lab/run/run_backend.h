/*
 * run_backend.h - where a run happens, as four verbs behind one struct: cgroup, vm, current,
 * docker, podman.
 *
 *	probe    before the plan: what is there, into run->facts; why not, into run->reasons. Each
 *	         backend is probed and looks at run->options whether it is in question at all. -1
 *	         where the user's words make no run, with err.
 *	prepare  once the plan has chosen this backend: what its runs have in common.
 *	run      runs the target and writes the record. 0 when the record tells what became of it; -1
 *	         with err when the lab itself failed (the record says so, if it could be written).
 *	cleanup  removes what a run may have left outside of this process. At any stage, repeatedly.
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

/* That of the plan: BACKEND_AUTO and BACKEND_CONTAINER have been settled to one of the others. */
const struct run_backend *run_backend(enum backend backend);

/* All of them are asked what is there. 0 or -1. */
int run_backend_probe(struct run *run, struct err *err);

/* Nothing where no plan was made yet. */
void run_backend_cleanup(struct run *run);

#endif
