/*
 * joiner.h - makes whole kernel messages of the physical lines of a log: joins what was wrapped,
 * splits what was joined, decodes escapes.
 *
 * Pattern of use: 1. joiner_init() with a sink; 2. joiner_line() for each physical line, in order;
 * 3. joiner_flush() at the end; 4. joiner_release(). The sink sees every message once, in order;
 * the text it gets is valid until it returns.
 *
 * Lines are wrapped by terminals (at a fixed width, inside words), by mail programs (at blanks) and
 * by authors. A line without a header of its own continues the message before it only if that
 * message is of a kind that is still incomplete and the line looks like its rest (kind.h), so
 * prose between the lines of a log is not swallowed. Messages that hold several lines (/dev/kmsg
 * "\x0a", rsyslog "#012") are handed on line by line if they are statistics, else whole: a task
 * name may hold a newline.
 *
 * LIMITATIONS: a physical line is cut at JOINER_TEXT_MAX bytes, and a message of more does not go
 * on. A name that was wrapped inside a word gets a blank there, unless the log shows its width.
 */
#ifndef OOMLAB_KLOG_JOINER_H
#define OOMLAB_KLOG_JOINER_H

#include "base/strbuf.h"
#include "klog/carrier.h"
#include "klog/killer.h"
#include "klog/kind.h"
#include "klog/line.h"
#include "klog/prefix.h"

#define JOINER_TEXT_MAX 16384

struct message {
	struct span text; /* leading blanks kept where a header ended before them */
	struct span wall; /* date as printed, or empty */
	enum kind kind;
	uint64_t line;	 /* 1-based number of its first physical line */
	int64_t time_ns; /* ABSENT if not stamped */
	int64_t caller;	 /* id of the task that printed it; ABSENT if not said */
	/* A line of one of these, of which nothing else is to be read: KIND_OTHER. Lines of other
	 * programs are handed on only if they are such. */
	enum killer killer;
};

/* How lines are broken: a terminal breaks all of them at one width, mail at blanks before it. */
struct wrap {
	size_t breaks, at_width; /* breaks seen, and those of them at `width` */
	size_t width;		 /* the largest seen at a break, in columns */
	size_t proven;		 /* width at which a word was seen broken */
};

typedef void message_fn(void *ctx, const struct message *message);

struct joiner {
	message_fn *sink;
	void *ctx;
	struct strbuf text; /* of the message held back */
	struct strbuf raw;  /* a physical line that ends inside its header (`dangling`) */
	struct carrier carrier;
	struct prefix prefix;	    /* lines held until a program's prefix is known */
	char *scratch;		    /* JOINER_TEXT_MAX bytes for line_strip() */
	char known[LINE_SHAPE_MAX]; /* for line_strip() */
	struct wrap wrap;
	char wall[64], verbose[64]; /* `verbose`: the date that journalctl -o verbose gave last */
	size_t wall_len, verbose_len;
	size_t indent;		      /* blanks in front of the message's first line */
	size_t columns, last_columns; /* of all its physical lines, and of the last */
	size_t hard_columns;	      /* `columns` when a word was last seen broken */
	struct message pending;	      /* text and wall are filled in when it is handed on */
	bool plain;		      /* the line at hand is plain, as in line.h */
	bool text_plain;	      /* all lines of the message are plain */
	bool open;		      /* a message is held back */
	bool headed, escaped;	      /* of its first line, as in line.h */
	bool kernel_headed;	      /* kernel messages have headers in this log */
	bool foreign;		      /* the last line was another program's */
	bool dangling;		      /* the last line ends inside its header */
};

void joiner_init(struct joiner *j, message_fn *sink, void *ctx);
void joiner_release(struct joiner *j);

/* Takes physical line `number`, counted from 1, without its newline. */
void joiner_line(struct joiner *j, struct span raw, uint64_t number);

/* At the end of the log: hands on the message held back, if any. */
void joiner_flush(struct joiner *j);

#endif
