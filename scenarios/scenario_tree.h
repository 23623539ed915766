/*
 * scenario_tree.h - makes the cgroups that a scenario declares below that of its run.
 *
 * Internal to scenarios/scenario_main.c. Cgroup v2 at /sys/fs/cgroup; the lab removes with the run's
 * cgroup what is below it.
 */
#ifndef OOMLAB_SCENARIO_TREE_H
#define OOMLAB_SCENARIO_TREE_H

#include "scenario.h"

/*
 * Makes the nodes, enters the target's, sets the limits and reads them back. Sets env->cgroup. Does
 * nothing for a scenario without nodes; a failure ends the program with status 125.
 */
void scenario_tree_make(const struct scenario *s, struct scenario_env *env);

#endif
