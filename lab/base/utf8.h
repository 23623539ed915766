/*
 * utf8.h - makes UTF-8 that JSON can carry of any bytes.
 */
#ifndef OOMLAB_BASE_UTF8_H
#define OOMLAB_BASE_UTF8_H

#include "base/strbuf.h"

/*
 * Appends len bytes of text. A NUL, and a byte that is no part of valid UTF-8 (RFC 3629), becomes
 * the four characters \xNN, as the kernel writes it on /dev/kmsg.
 */
void utf8_append(struct strbuf *sb, const char *text, size_t len);

#endif
