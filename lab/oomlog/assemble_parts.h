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

/* An event that has a kill is complete after so many messages that are not part of it. */
#define IDLE_AFTER_KILL 64

/* assemble_event.c. Opens an event that begins at this message; does nothing if one is open. */
void assembler_open(struct assembler *a, const struct message *m);
/* Hands the open event, if any, to the callback if it is certain, and empties the draft. */
void assembler_flush(struct assembler *a);

/*
 * Keeps the open event back if it is a kill line alone, just before: people put it in front of its
 * dump. True if it was. The dump that begins takes it if it names that pid, else it is handed out before the dump.
 */
bool assembler_hold(struct assembler *a);

/*
 * assemble_kills.c. A kill line is added to the open event, opens one, or is put off until the next
 * message decides. settle makes an event of each kill that was put off; release forgets them.
 */
void assemble_kills_take(struct assembler *a, const struct message *m);
void assemble_kills_settle(struct assembler *a);
void assemble_kills_release(struct assembler *a);

/* Closes the open event, kills that were put off included, and opens another. */
static inline void assemble_begin(struct assembler *a, const struct message *m)
{
	assemble_kills_settle(a);
	assembler_flush(a);
	assembler_open(a, m);
}

/* The dump is over: the next line of a dump begins another event. */
static inline bool assemble_is_past_dump(const struct assembler *a)
{
	return event(a)->victim_count || event(a)->lines.summary || event(a)->lines.chosen ||
	       event(a)->no_killable_process;
}

/* assemble_trace.c. Takes a line of the open event's call trace, or one that begins an event. */
bool assemble_trace_take(struct assembler *a, const struct message *m);
/* assemble_other.c. Takes a line of another killer: a unit's end, or what the callback is for. */
void assemble_other_take(struct assembler *a, const struct message *m);

/*
 * Whether this kill or choice line blames a cgroup and the open event blames the machine, or the
 * other way round: then they are of different events.
 */
bool assemble_kills_blame_differs(const struct assembler *a, const struct message *m);

#endif
