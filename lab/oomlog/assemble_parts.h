/*
 * assemble_parts.h - what the files of the assembler share; nobody else includes it.
 */
#ifndef OOMLAB_OOMLOG_ASSEMBLE_PARTS_H
#define OOMLAB_OOMLOG_ASSEMBLE_PARTS_H

#include "oomlog/assemble.h"

static inline const struct oomlog_event *event(const struct assembler *a)
{
	return &a->draft.event;
}

/* assemble.c: opens an event at this message if none is open / closes the open one first. */
void assembler_open(struct assembler *a, const struct message *m);
void assembler_flush(struct assembler *a);
#define IDLE_AFTER_KILL 64 /* messages of others before an event with a kill is given up */

/* kills.c: a kill line; those put off become kills of their own; what is put off is forgotten. */
void take_killed(struct assembler *a, const struct message *m);
void kills_settle(struct assembler *a);
void kills_release(struct assembler *a);

/* A cgroup's dump is not followed by a machine-wide kill, nor the other way round. */
bool blame_differs(const struct assembler *a, const struct message *m);

#endif
