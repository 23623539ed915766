/*
 * load_before.h - makes lines of earlier versions of the lab today's; pure.
 *
 * Internal to lab/record. Records are kept: a line of an earlier version is changed into what this
 * version writes, before it is loaded. No other file knows of the earlier lines:
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

/* The figures of `ps` of a scenario whose spec, of an earlier version, has none; NULL: none. */
const struct ps_figures *load_before_ps(const char *name);

#endif
