/*
 * utf16.h - text that Windows saved (`wsl dmesg > file` in PowerShell) as UTF-8; pure.
 *
 * Only with its byte order mark at the very beginning, FF FE or FE FF. Half a character more or
 * less between two pieces does not matter; what is no character becomes U+FFFD.
 */
#ifndef OOMLAB_KLOG_UTF16_H
#define OOMLAB_KLOG_UTF16_H

#include "base/strbuf.h"
#include "klog/span.h"

struct utf16 {
	bool is_known; /* the first two bytes were seen */
	bool is_utf16, is_big_endian;
	bool has_half;
	unsigned char half;   /* the first byte of a unit, or of the text */
	unsigned int leading; /* of a surrogate pair; 0: none */
};

/*
 * The next piece as UTF-8: `in` itself where the text is none of this, else in `out`, which is
 * cleared first. u is zero in the beginning.
 */
struct span utf16_feed(struct utf16 *u, struct span in, struct strbuf *out);

/* The text is over: a single byte that was held back. */
struct span utf16_end(struct utf16 *u);

#endif
