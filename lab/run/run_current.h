/*
 * run_current.h - the backend current: runs inside a container, under the limit that its engine
 * set. No cgroup is made; the target is a child in the same cgroup, with an oom_score_adj that
 * makes it the victim.
 */
#ifndef OOMLAB_RUN_RUN_CURRENT_H
#define OOMLAB_RUN_RUN_CURRENT_H

#include "run/run.h"

/* The oom_score_adj of a target that shares oomlab's cgroup, unless another was requested. */
enum { CURRENT_VICTIM_SCORE = 1000 };

/*
 * Whether this process is in a container, by the marks that engines, Kubernetes and systemd leave.
 */
bool run_current_is_container(void);

/*
 * The verbs of run_backend.h. run_current_prepare() puts the container's limit in place of the
 * spec's, and the expected peak follows it.
 */
int run_current_probe(struct run *run, struct err *err);
int run_current_prepare(struct run *run, struct err *err);

/* Notes in the record that its figures include oomlab itself, and what is not guarded. */
void run_current_note(struct record_writer *w, const struct cg *cg, bool in_container);

#endif
