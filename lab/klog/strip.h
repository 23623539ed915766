/*
 * strip.h - takes headers off the front of a line, for line.c, which tries one after another.
 * Internal to lab/klog.
 *
 * Each strip_*() looks at the front of `s`, which is st->rest without leading blanks. It takes one
 * header off (st->rest, st->line) and returns true, or leaves both as they were and returns false.
 * line.h says where the shapes come from.
 */
#ifndef OOMLAB_KLOG_STRIP_H
#define OOMLAB_KLOG_STRIP_H

#include "klog/line.h"

struct strip {
	struct span rest;  /* what is left of the line */
	struct line *line; /* what the headers told */
	bool stamped;	   /* a printk stamp was seen, so the message is near */
	bool rfc5424;	   /* its priority and version were seen, so a date follows */
	bool decoded;	   /* "kern  :warn  : " was seen, so no program's name follows */
	bool leveled;	   /* "<3>" was seen; a date and a program's name may follow */
};

/* Notes that a header ended in front of `rest`. */
static inline void strip_headed(struct strip *st, struct span rest)
{
	st->rest = rest;
	st->line->headed = true;
}

/* strip_stamp.c: headers of printk, /dev/kmsg, dmesg and vendors' kernels. */
bool strip_bracket(struct strip *st, struct span s);
bool strip_kmsg(struct strip *st, struct span s);
bool strip_number(struct strip *st, struct span s);
/* For text behind a bullet or a number: taken off only in front of a whole line of a kill. */
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
