/*
 * story_culprit.h - what most of the memory was that ran out, for the first sentence. Internal to
 * lab/report.
 */
#ifndef OOMLAB_REPORT_STORY_CULPRIT_H
#define OOMLAB_REPORT_STORY_CULPRIT_H

#include "report/facts.h"

struct culprit {
	/* "98 % of its own memory (62.9 MiB of 64 MiB) was first written in load at leak.c:7,
	   called by handle, called by main"; NULL: no place is known to stand out. */
	char *words; /* they rest on the touch profile */
};

/* What the kernel's task table has of the victim in swap, in bytes; 0 also where it has no such row. */
int64_t story_swapped(const struct facts *f);

/*
 * Of the victim, `whose` ("its own memory", "python3's own memory"): anonymous memory alone,
 * neither mapped files nor what is shared. A place is named where half of what the kernel counted
 * at the kill, and more, came from there, sizes are the kernel's, hardly a sample was lost ("About",
 * where some were and the place has nearly all), and next to nothing was given back before: then
 * what came is what was there. Release with story_culprit_release().
 */
struct culprit story_culprit(const struct facts *facts, const char *whose);
void story_culprit_release(struct culprit *culprit);

/*
 * Of copies after fork(2) that make a quarter of the limit and more: who wrote, where, and with
 * whom it shared the pages; a sentence with a blank before it. Said of one line of one process that
 * was there at the kill and gave next to nothing back. words NULL: nothing of it is known.
 */
struct culprit story_copies(const struct facts *facts);

#endif
