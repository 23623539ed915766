/*
 * carrier.h - takes lines out of what carried them: JSON, the journal's export format (systemd's
 * JOURNAL_EXPORT_FORMATS), mail's quoted-printable (RFC 2045), markup; pure.
 *
 *	{"_TRANSPORT":"kernel","MESSAGE":"Out of memory: ..."}	json_line.h
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
	struct strbuf line;  /* a line that had to be rewritten */
	struct strbuf clean; /* one without its markup */
	struct markup markup;
	bool is_binary; /* the last line was "MESSAGE" */
	bool is_quoted; /* the log is quoted-printable: "=3D" stands where the kernel writes "=" */
	bool is_soft;	/* the last line ended in "=": the next one belongs to it */
	bool is_row;	/* the row before ends in a break of quoted-printable */
	uint64_t first; /* number of the first physical line in `line` */
	bool is_plain;	/* the last *text is printable ASCII, but for carriage returns at its end */
};

enum carried {
	CARRIED_NOTHING, /* the line goes on in the next */
	CARRIED_LINE,	 /* *text is a line as it was written */
	CARRIED_MESSAGE, /* *text is a whole message: no line before or behind it belongs to it */
};

void carrier_init(struct carrier *c);
void carrier_release(struct carrier *c);

/*
 * Takes the physical line *text, number *number, without its newline. Sets both to what it carried;
 * *text is valid until the next call.
 */
enum carried carrier_take(struct carrier *c, struct span *text, uint64_t *number);

/* At the end of the log: gives the line that a last "=" holds back, if any. */
enum carried carrier_rest(struct carrier *c, struct span *text, uint64_t *number);

#endif
