/*
 * live.h - one line on the terminal that shows what goes on; nothing where stderr is no terminal.
 *
 *	memset-2g  1.8 s  running: 312 of 512 MiB
 *
 * The line is redrawn at most ten times a second and wiped at the end. NO_COLOR and TERM=dumb turn
 * it off, as --quiet does.
 */
#ifndef OOMLAB_RUN_LIVE_H
#define OOMLAB_RUN_LIVE_H

#include <stdbool.h>
#include <stdint.h>

struct live {
	bool is_on;
	const char *name;
	const char *stage; /* "booting", "running", ... */
	int64_t started_ns, drawn_ns;
	int64_t current_bytes, max_bytes;
	int64_t oom_kill;
};

void live_start(struct live *live, const char *name, bool quiet);

/* A new stage is drawn at once. stage: a literal. */
void live_stage(struct live *live, const char *stage);

/* Draws if a tenth of a second has passed. */
void live_update(struct live *live);

/* From a record line as the guest sends it (text of one JSON object). */
void live_record_line(struct live *live, const char *text, uint64_t len);

void live_end(struct live *live);

#endif
