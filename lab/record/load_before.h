/*
 * load_before.h - what earlier versions of the lab wrote otherwise; pure.
 *
 * Internal to lab/record. Records are kept, and say the same for ever: a line of an earlier version
 * becomes what this one writes before it is loaded. Nothing else knows of the old ones:
 *
 *	mark      "name":"oom_kill 1"                    the word and the figure in one string
 *	note      "text":"twin NAME: OUTCOME, peak SIZE" a line "twin" now
 *	note      "text":"The guest had the command..."  a line "isolation" now
 *	source    "why":"not needed beside ..."          "needless":true now
 *	spec      no "ps"                                two scenarios were known by their names
 */
#ifndef OOMLAB_RECORD_LOAD_BEFORE_H
#define OOMLAB_RECORD_LOAD_BEFORE_H

#include <jansson.h>

#include "spec/spec.h"

/* Changes a line of an earlier version; leaves every other as it is. */
void load_before_mend(json_t *line);

/* What the scenario of that name stands beside in a spec that does not say it; NULL: nothing. */
const struct ps_figures *load_before_ps(const char *name);

#endif
