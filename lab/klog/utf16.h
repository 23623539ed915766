/*
 * utf16.h - makes UTF-8 of UTF-16 (RFC 2781), which Windows saves text in (`wsl dmesg > file` in
 * PowerShell); pure.
 *
 * Text is UTF-16 only if it begins with a byte order mark, FF FE or FE FF; other text stays as it
 * is. It comes in pieces, which may end inside a character. Half of a surrogate pair becomes
 * U+FFFD.
 */
#ifndef OOMLAB_KLOG_UTF16_H
#define OOMLAB_KLOG_UTF16_H

#include "base/strbuf.h"
#include "klog/span.h"

#define UTF16_REPLACEMENT 0xfffdU /* for what is no character */

/* Appends a character as UTF-8. */
void utf16_put(struct strbuf *out, unsigned int code);

struct utf16 {
	bool is_known; /* the first two bytes were seen */
	bool is_utf16, is_big_endian;
	bool has_half;
	unsigned char half;   /* the first byte of a unit, or of the text */
	unsigned int leading; /* of a surrogate pair; 0: none */
};

/*
 * The next piece as UTF-8: `in` itself where the text is not UTF-16, else in `out`, which is
 * cleared first. The caller keeps u for the whole text; it is zero in the beginning.
 */
struct span utf16_feed(struct utf16 *u, struct span in, struct strbuf *out);

/* At the end of the text: the byte that was held back as the first of a possible mark, if any. */
struct span utf16_end(struct utf16 *u);

#endif
