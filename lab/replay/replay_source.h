/*
 * replay_source.h - a plan as the source of a scenario (scenarios/scenario.h), to keep; pure.
 */
#ifndef OOMLAB_REPLAY_REPLAY_SOURCE_H
#define OOMLAB_REPLAY_REPLAY_SOURCE_H

#include "replay/replay_plan.h"

/* Appends C. name: of the scenario, [a-z0-9-]+, that of its file. log: as typed, hostile. */
void replay_source(const struct replay_plan *plan, const char *name, const char *log,
		   struct strbuf *out);

#endif
