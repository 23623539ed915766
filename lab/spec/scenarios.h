/*
 * scenarios.h - finds scenario programs by name, and lists their names.
 *
 * They are in one folder: $OOMLAB_SCENARIOS if it is set, else "scenarios" beside this program if
 * that can be opened, else ../lib/oomlab/scenarios from it (as `make install` lays them out).
 */
#ifndef OOMLAB_SPEC_SCENARIOS_H
#define OOMLAB_SPEC_SCENARIOS_H

#include <stdbool.h>

#include "base/err.h"

/* [a-z0-9-]{1,63} */
bool scenarios_is_name(const char *name);

/*
 * The path of a scenario's program, which the caller frees; NULL with EXIT_USAGE when the name is
 * not [a-z0-9-]{1,63} or no such scenario is there.
 */
char *scenarios_find(const char *name, struct err *err);

/* The names, sorted, ended by NULL; the caller frees each and the list. Empty without a folder. */
char **scenarios_list(void);

#endif
