/*
 * record.h - physical lines in, whole kernel messages out: wraps undone, escapes decoded.
 *
 * Pattern of use: 1. joiner_init() with a sink; 2. joiner_line() for each physical line, in order;
 * 3. joiner_flush() at the end; 4. joiner_release(). The sink sees every message once, in order;
 * the text it gets is valid until it returns.
 *
 * Lines are wrapped by terminals (at a fixed width, inside words), by mail programs (at blanks) and
 * by authors. A line without a header of its own continues the message before it only if that
 * message is of a kind that is still incomplete and the line has the look of its rest (kind.h), so
 * prose between the lines of a log is not swallowed. Messages that hold several lines (/dev/kmsg
 * "\x0a", rsyslog "#012") are handed on line by line if they are statistics, else whole: a task
 * name may hold a newline.
 *
 * LIMITATIONS: a message longer than RECORD_MAX bytes is cut. Where a name was broken inside a word
 * in a log that never shows its width, a blank is put in.
 */
#ifndef OOMLAB_KLOG_JOINER_H
#define OOMLAB_KLOG_JOINER_H

#include "base/strbuf.h"
#include "klog/carrier.h"
#include "klog/kind.h"
#include "klog/line.h"

#define RECORD_MAX 16384

struct message {
	struct span text; /* leading blanks kept where a header ended before them */
	struct span wall; /* date as printed, or empty */
	enum kind kind;
	uint64_t line;	 /* 1-based number of its first physical line */
	int64_t time_ns; /* ABSENT if not stamped */
	int64_t caller;	 /* task that printed it; ABSENT if not said */
};

/* How lines are broken: a terminal breaks all of them at one width, mail at blanks before it. */
struct wrap {
	size_t joints, at_width; /* breaks seen / of these at the width */
	size_t width;		 /* the largest seen at a break, in columns */
	size_t proven;		 /* width at which a word was seen broken */
};

typedef void message_fn(void *ctx, const struct message *message);

struct joiner {
	message_fn *sink;
	void *ctx;
	struct strbuf text;
	struct strbuf raw; /* the physical line so far, while its header is broken */
	struct carrier carrier;
	char *scratch;		    /* RECORD_MAX bytes for line_strip() */
	char known[LINE_SHAPE_MAX]; /* for line_strip() */
	struct wrap wrap;
	char wall[64];
	size_t wall_len;
	size_t indent;		      /* blanks in front of the message's first line */
	size_t columns, last_columns; /* of all physical lines of the message / of the last */
	size_t hard_columns;	      /* sum at which a word was seen broken */
	struct message pending;	      /* text and wall are filled in when it is handed on */
	bool plain;		      /* the line at hand is plain, as in line.h */
	bool text_plain;	      /* all lines of the message are */
	bool open, headed, escaped;
	bool kernel_headed;	/* kernel messages have headers in this log */
	bool foreign, dangling; /* the last line was another program's / ends inside its header */
};

void joiner_init(struct joiner *j, message_fn *sink, void *ctx);
void joiner_release(struct joiner *j);

/* Takes line number `number`, without its newline. */
void joiner_line(struct joiner *j, struct span raw, uint64_t number);

/* Hands on the message held back, if any. */
void joiner_flush(struct joiner *j);

#endif
