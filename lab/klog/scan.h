/*
 * scan.h - finds the places of a large text that may belong to an OOM, at memory speed; pure.
 *
 * A log is gigabytes with perhaps one kill in it. scan_trigger() skips the rest: it stops at words
 * every dump has several of ("oom-kill", "Killed process", "out of memory", "memory: usage",
 * "total_vm", ...), in either case. It may stop at text that is no OOM; it never passes a whole
 * trigger word by.
 */
#ifndef OOMLAB_KLOG_SCAN_H
#define OOMLAB_KLOG_SCAN_H

#include "klog/span.h"

/* Longer than any trigger word: scan that many bytes again where two pieces of a text meet. */
#define SCAN_OVERLAP 32

/* Offset of the first trigger word in s, or SPAN_NONE. */
size_t scan_trigger(struct span s);

/* Number of newlines in s. */
size_t scan_newlines(struct span s);

/* Flags for bytes of a line that the kernel's text hardly ever has. */
enum {
	SCAN_MARKUP = 1,  /* one of & ` | " and the backslash */
	SCAN_QUOTED = 2,  /* "=3" */
	SCAN_BRACKET = 4, /* "[" in front of a letter or "/" */
	SCAN_UNPLAIN = 8, /* a control character but DEL, or a byte above ASCII */
};

/* The flags that hold for s. */
unsigned int scan_specials(struct span s);

#endif
