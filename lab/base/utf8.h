/*
 * utf8.h - text of anybody's as text that JSON can carry.
 */
#ifndef OOMLAB_BASE_UTF8_H
#define OOMLAB_BASE_UTF8_H

#include "base/strbuf.h"

/*
 * Appends; NULs and bytes that are not part of valid UTF-8 are written as the text \xNN, as the
 * kernel does on /dev/kmsg.
 */
void utf8_append(struct strbuf *sb, const char *text, size_t len);

#endif
