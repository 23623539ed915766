/*
 * stamp.h - recognises the parts of headers: printk stamps, dates and clocks of any locale; pure.
 *
 * Only shapes are recognised, to tell a header from a message; dates are not converted. Captured:
 * "52.419530", "2-3219.1870", "Di Aug 12 03:54:03 2025", "2025-01-21T04:41:44,283302+00:00",
 * "I1012 19:00:20.884452".
 */
#ifndef OOMLAB_KLOG_STAMP_H
#define OOMLAB_KLOG_STAMP_H

#include "klog/span.h"

/*
 * The line without colours (ECMA-48 escape sequences) and carriage returns at its end; no-break
 * spaces become blanks. Returns a part of raw where there are none, else the copy in scratch, which
 * holds raw.n bytes. `plain`: raw is known to be printable ASCII but for carriage returns at its
 * end, so that only colours whose escape character was lost are looked for.
 */
struct span stamp_clean(struct span raw, bool plain, char *scratch);

/* Columns on a terminal; each character of UTF-8 counts one. */
size_t stamp_width(struct span s);

/* True for "12345.678901" and "2-3219.1870"; *time_ns is set for the first only. */
bool stamp_printk(struct span s, int64_t *time_ns);

/*
 * True for a stamp that dmesg counts from the one before: "+0.000012" (-H),
 * "12.345678 <    0.000012>" (-d; *time_ns is set), "<    0.000012>".
 */
bool stamp_relative(struct span s, int64_t *time_ns);

/* True for "Nov23 10:00", as dmesg -H begins each minute. */
bool stamp_minute(struct span s);

/* The offset just behind the first "h:mm:ss" within the first 40 bytes, or 0. */
size_t stamp_clock_end(struct span s);

/* True when the words before a clock look like a date: at most five, of at most 12 bytes. */
bool stamp_date_like(struct span s);

/* True for "I1012", which glog writes before a clock: the line is a program's, which may quote. */
bool stamp_glog(struct span s);

#endif
