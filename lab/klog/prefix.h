/*
 * prefix.h - takes off what another program put in front of each line of the kernel's bare text:
 * a container's name, a pod's, a tag of its own; pure.
 *
 *	web_1  | CPU: 0 PID: 98 Comm: hog Not tainted 6.1.0
 *	web_1  | Call Trace:
 *	web_1  |  dump_stack+0x57/0x80
 *
 * No program is known here. What counts is that the same text stands in front of several kinds of
 * lines that only a kernel's dump has: PREFIX_KINDS of them, close together. Who quotes a kill writes
 * one line or two. Numbers in front may change, so that a date may stand there, letters may not.
 * Until that is known the lines are held, and come out in their order, with the prefix off or as
 * they were.
 *
 * Pattern of use: for each line without a known header, prefix_takes(); where it is true the line is
 * held. While prefix_holds(), every line goes to prefix_add(). prefix_next() gives them back once it is
 * decided; prefix_decide() decides at once, at the end of the log.
 *
 * LIMITATIONS: at most PREFIX_LINES lines are held; a prefix of more than PREFIX_MAX bytes, or with a
 * quotation mark or a brace, is none. A program's lines of kills alone, without a dump, are not read.
 */
#ifndef OOMLAB_KLOG_PREFIX_H
#define OOMLAB_KLOG_PREFIX_H

#include "base/strbuf.h"
#include "klog/span.h"

enum { PREFIX_MAX = 96, PREFIX_LINES = 64, PREFIX_KINDS = 3 };

struct prefix_line {
	size_t at, n; /* in `held` */
	uint64_t number;
	bool plain;
};

struct prefix {
	char candidate[PREFIX_MAX]; /* each run of digits is one '9' */
	char proven[PREFIX_MAX];
	size_t candidate_n, proven_n;
	uint64_t kinds;	    /* of a dump's lines behind the candidate, a bit each */
	struct strbuf held; /* texts of the lines held */
	struct prefix_line lines[PREFIX_LINES];
	size_t count, next; /* lines held, and of them given back */
	bool is_holding;
	bool is_giving; /* the lines come back */
};

void prefix_init(struct prefix *p);
void prefix_release(struct prefix *p);

static inline bool prefix_holds(const struct prefix *p)
{
	return p->is_holding && !p->is_giving;
}

/* True where a line without a header may stand behind a prefix that is not known yet. */
bool prefix_takes(const struct prefix *p, struct span text);

/*
 * Holds a line; `headed`: it has a header, so that it has no such prefix. pre: prefix_holds(), or
 * prefix_takes() was true of it.
 */
void prefix_add(struct prefix *p, struct span text, uint64_t number, bool plain, bool headed);

/* Decides by what is held. */
void prefix_decide(struct prefix *p);

/* Gives the next line back; valid until the next prefix_add(). False: none, or not decided. */
bool prefix_next(struct prefix *p, struct span *text, uint64_t *number, bool *plain);

/* The text without the prefix that was proven and a blank, or as it is where it has none. */
struct span prefix_strip(const struct prefix *p, struct span text);

#endif
