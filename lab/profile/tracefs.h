/*
 * tracefs.h - reads the id and the fields of a tracepoint, for perf_event_open(2). The files are
 * those of Documentation/trace/events.rst.
 *
 * Where tracefs is not mounted, root mounts an instance of it that is attached nowhere: nobody else
 * sees it, and nothing is left behind.
 */
#ifndef OOMLAB_PROFILE_TRACEFS_H
#define OOMLAB_PROFILE_TRACEFS_H

#include <stdint.h>

#include "base/strbuf.h"

/*
 * Appends the text of the tracepoint's format file. `event` is "oom/mark_victim".
 * Returns the id, or -errno.
 */
int64_t tracefs_event(const char *event, struct strbuf *format);

/* Where a field stands in the raw bytes of a sample; size 0: the tracepoint has no such field. */
struct tracefs_field {
	unsigned int offset, size;
};

/*
 * Finds a field by the tail of its declaration, " pid;" or "char[] comm;", in text as:
 *	field:int pid;	offset:8;	size:4;	signed:1;
 */
struct tracefs_field tracefs_find(const char *format, const char *declaration);

#endif
