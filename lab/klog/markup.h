/*
 * markup.h - takes off what bug trackers, forums and web pages put around and into a line; pure.
 *
 *	`Dec 15 16:21:04 vps kernel: Out of memory: ...`	Markdown: code
 *	\[ 5.168012\] hog invoked oom-killer: gfp\_mask=0x...	Markdown: escaped
 *	| [  12.345678] hog invoked oom-killer: ... |		a table's cell
 *	<p>[  12.345678] hog invoked ...<br>			HTML, its entities inside
 *	[12.345678] [COLOR="Red"]hog invoked ...[/COLOR]	BBCode
 *
 * A name may hold any of this. So what encloses a line is taken off only where both ends are there
 * (or the line is HTML), and what stands inside it only once the log has shown that it has such
 * markup, in a form no name has room for.
 */
#ifndef OOMLAB_KLOG_MARKUP_H
#define OOMLAB_KLOG_MARKUP_H

#include "base/strbuf.h"
#include "klog/span.h"

struct markup {
	bool is_html, is_bbcode;
	bool is_backslashed; /* lines end in a backslash */
};

/* True when markup_strip() is worth a call; `specials`: the line has a character of markup. */
static inline bool markup_may_be(const struct markup *m, struct span raw, bool specials)
{
	return specials || m->is_html || m->is_bbcode || m->is_backslashed ||
	       (raw.n && *raw.p == '<');
}

/*
 * Returns the line without its markup: a part of `raw`, or a copy in `out`, which is then cleared
 * first. The caller keeps m for the whole log; it is zero in the beginning.
 */
struct span markup_strip(struct markup *m, struct span raw, struct strbuf *out);

#endif
