/*
 * run_current.h - the backend current: inside a container, under the limit its engine gave it. No
 * cgroup is made; the target is a child in the same cgroup and offers itself to the OOM killer.
 */
#ifndef OOMLAB_RUN_RUN_CURRENT_H
#define OOMLAB_RUN_RUN_CURRENT_H

#include "run/run.h"

/* The oom_score_adj of a target that shares the lab's cgroup, unless another was asked for. */
enum { CURRENT_VICTIM_SCORE = 1000 };

/* As engines, Kubernetes and systemd leave it to be recognised. */
bool run_current_is_container(void);

/*
 * The verbs of run_backend.h. Prepared, the container's limits stand where the spec says others:
 * what is expected of the peak follows the limit it was declared for.
 */
int run_current_probe(struct run *run, struct err *err);
int run_current_prepare(struct run *run, struct err *err);

/* What a reader of this record has to know: whose figures they are. */
void run_current_note(struct record_writer *w, const struct cg *cg, bool in_container);

#endif
