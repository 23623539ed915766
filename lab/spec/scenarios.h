/*
 * scenarios.h - where scenario programs are and what they are called.
 *
 * Searched: $OOMLAB_SCENARIOS, the folder "scenarios" beside this program, and
 * ../lib/oomlab/scenarios from it (as `make install` lays them out).
 */
#ifndef OOMLAB_SPEC_SCENARIOS_H
#define OOMLAB_SPEC_SCENARIOS_H

#include "base/err.h"

/*
 * The program of a scenario, malloc'd; NULL with a sentence when the name is not [a-z0-9-]+ or no
 * such scenario is there.
 */
char *scenarios_find(const char *name, struct err *err);

/* The names, sorted, NULL-terminated; the caller frees each and the array. */
char **scenarios_list(void);

#endif
