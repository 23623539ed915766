/*
 * live.h - shows the progress of a run in one line on the terminal, if stderr is one.
 *
 *	memset-2g  1.8 s  running: 312 of 512 MiB
 *
 * Of a command on this kernel it is shown until the command runs, which prints to the same terminal.
 * The line is redrawn at most ten times a second and wiped at the end. NO_COLOR and TERM=dumb turn
 * it off, as --quiet does.
 */
#ifndef OOMLAB_RUN_LIVE_H
#define OOMLAB_RUN_LIVE_H

#include <stdbool.h>
#include <stdint.h>

struct live {
	bool is_on;
	bool is_held; /* the cursor stands behind a part of a line that the command printed */
	const char *name;
	const char *stage;	      /* "booting", "running", ... */
	int64_t started_ns, drawn_ns; /* drawn_ns 0: not drawn yet */
	int64_t current_bytes;	      /* memory.current; -1: not known yet */
	int64_t max_bytes;	      /* memory.max; INT64_MAX: no limit */
	int64_t oom_kill;	      /* the counter of memory.events */
};

/* name: borrowed until live_end(). */
void live_start(struct live *live, const char *name, bool quiet);

/* Sets the stage (a literal) and draws at once. */
void live_stage(struct live *live, const char *stage);

/* Draws if a tenth of a second has passed. */
void live_update(struct live *live);

/* Takes the figures from a record line that the guest sends, one JSON object of `len` bytes. */
void live_record_line(struct live *live, const char *text, uint64_t len);

/*
 * Wipes the line for what the command is about to print on the terminal; it is not drawn again
 * before a line of that has ended.
 */
void live_make_way(struct live *live, bool ends_line);

/* Wipes the line. */
void live_end(struct live *live);

#endif
