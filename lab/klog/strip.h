/*
 * strip.h - what line.c takes off the front of a line, header by header; private to lab/oomlog.
 *
 * Each strip_*() looks at the front of `s`, which has no leading blanks. It takes one header off
 * (st->rest, st->line) and returns true, or leaves both as they were and returns false.
 */
#ifndef OOMLAB_KLOG_STRIP_H
#define OOMLAB_KLOG_STRIP_H

#include "klog/line.h"

struct strip {
	struct span rest;
	struct line *line;
	bool stamped; /* a printk stamp was seen: the message is near */
	bool rfc5424;
	bool decoded; /* the facility is known: no program's name follows */
	bool leveled; /* "<3>": a date and a program's name may follow */
};

/* A header ended in front of `rest`. */
static inline void strip_headed(struct strip *st, struct span rest)
{
	st->rest = rest;
	st->line->headed = true;
}

/* strip_stamp.c: what printk, /dev/kmsg, dmesg and kernels of devices put there. */
bool strip_bracket(struct strip *st, struct span s);
bool strip_kmsg(struct strip *st, struct span s);
bool strip_number(struct strip *st, struct span s);
/* What stands behind a bullet or a number and is, to its end, a line that names a kill. */
bool strip_mark(struct strip *st, struct span s);
bool strip_level(struct strip *st, struct span s);
bool strip_decoded(struct strip *st, struct span s);
bool strip_level_word(struct strip *st, struct span s);
bool strip_node(struct strip *st, struct span s);
bool strip_device(struct strip *st, struct span s);

/* strip_syslog.c: dates, hosts and programs of syslog and the journal, files of grep. */
bool strip_date(struct strip *st, struct span s);
bool strip_unix_time(struct strip *st, struct span s);
bool strip_version(struct strip *st, struct span s);
bool strip_grep(struct strip *st, struct span s);

#endif
