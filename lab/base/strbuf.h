/*
 * strbuf.h - a growing byte string, always NUL-terminated, may hold NULs.
 *
 * Pattern of use: struct strbuf sb = STRBUF_INIT; append; use sb.buf / sb.len; strbuf_release().
 * Declare with _cleanup_strbuf_ to have it released. Out of memory ends the program with one line
 * and status 125: a half-written report is worth nothing.
 */
#ifndef OOMLAB_BASE_STRBUF_H
#define OOMLAB_BASE_STRBUF_H

#include <stddef.h>

struct strbuf {
	char *buf; /* never NULL; the literal "" while empty and unallocated */
	size_t len;
	size_t cap; /* bytes allocated; 0 while buf is the literal */
};

extern char strbuf_empty[];
#define STRBUF_INIT                \
	{                          \
		strbuf_empty, 0, 0 \
	}

/* Makes room for `extra` more bytes, so that appending them allocates nothing. */
void strbuf_grow(struct strbuf *sb, size_t extra);
static inline void strbuf_reserve(struct strbuf *sb, size_t extra)
{
	if (extra >= sb->cap - sb->len)
		strbuf_grow(sb, extra);
}

void strbuf_append(struct strbuf *sb, const void *data, size_t len);
void strbuf_puts(struct strbuf *sb, const char *text);
static inline void strbuf_putc(struct strbuf *sb, char c)
{
	strbuf_reserve(sb, 1);
	sb->buf[sb->len++] = c;
	sb->buf[sb->len] = '\0';
}
void strbuf_printf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first n bytes. pre: n <= len. */
void strbuf_consume(struct strbuf *sb, size_t n);

/* Sets the length to 0 and keeps the memory. */
void strbuf_clear(struct strbuf *sb);

/* Frees the memory; sb is as STRBUF_INIT afterwards. */
void strbuf_release(struct strbuf *sb);

/* Returns the string, which the caller frees; sb is as STRBUF_INIT afterwards. */
char *strbuf_detach(struct strbuf *sb);

#define _cleanup_strbuf_ __attribute__((cleanup(strbuf_release)))

/* malloc family that never returns NULL: out of memory prints one line and exits 125. */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t count, size_t size); /* count * size checked for overflow */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);

#endif
