/*
 * carrier.h - whole lines taken out of what carried them: JSON, the journal's export form, mail's
 * quoted-printable, markup; pure.
 *
 *	{"_TRANSPORT":"kernel","MESSAGE":"Out of memory: ..."}	json.h
 *	MESSAGE							journalctl -o export, several lines:
 *	<length in 8 bytes>Mem-Info:				its name alone, then this
 *	hog invoked oom-killer: gfp_mask=3D0xcc0(GFP_KERNEL), or=	mail
 *	der=3D0, oom_score_adj=3D0
 *
 * Pattern of use: carrier_init(); carrier_take() for each physical line, in order, and at the end
 * carrier_rest(); carrier_release().
 */
#ifndef OOMLAB_KLOG_CARRIER_H
#define OOMLAB_KLOG_CARRIER_H

#include "base/strbuf.h"
#include "klog/markup.h"
#include "klog/span.h"

struct carrier {
	struct strbuf line;
	struct strbuf clean; /* the line without its markup */
	struct markup markup;
	bool is_binary; /* the last line was "MESSAGE" */
	bool is_quoted; /* "=3D" was seen where the kernel writes "=" */
	bool is_soft;	/* the last line ended in "=": the next one belongs to it */
	uint64_t first; /* number of the first physical line in `line` */
	bool is_plain;	/* what was handed out last is printable ASCII, but for "\r" at its end */
};

enum carried {
	CARRIED_NOTHING, /* the line goes on in the next */
	CARRIED_LINE,	 /* *text is a line as it was written */
	CARRIED_MESSAGE, /* *text is a whole message: no line before or behind it belongs to it */
};

void carrier_init(struct carrier *c);
void carrier_release(struct carrier *c);

/* Line *number without its newline; *text and *number are what to go on with, until the next call.
 */
enum carried carrier_take(struct carrier *c, struct span *text, uint64_t *number);

/* The text is over: what a last "=" holds back. */
enum carried carrier_rest(struct carrier *c, struct span *text, uint64_t *number);

#endif
