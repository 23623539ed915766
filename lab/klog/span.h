/*
 * span.h - a span is a piece of somebody else's text; compares, searches and cuts it. Inline, libc
 * only.
 *
 * A span never owns its bytes and is not NUL-terminated; it may hold any byte. No function reads
 * outside its span. Those that cut something off the front take a pointer. A "blank" is a space or
 * a tab; line.h makes spaces of no-break spaces before.
 */
#ifndef OOMLAB_KLOG_SPAN_H
#define OOMLAB_KLOG_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/absent.h"

struct span {
	const char *p; /* may be NULL only if n is 0 */
	size_t n;
};

#define SPAN(literal) ((struct span){"" literal, sizeof(literal) - 1})
#define SPAN_NONE     SIZE_MAX

static inline bool char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of a hexadecimal digit; -1: it is none. */
static inline int char_hex_digit(char c)
{
	if (char_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline bool char_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool char_is_alpha(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* The span without its first n bytes; empty when there are fewer. */
static inline struct span span_skip(struct span s, size_t n)
{
	n = n < s.n ? n : s.n;
	return (struct span){s.p + n, s.n - n};
}

/* The first n bytes, or all. */
static inline struct span span_head(struct span s, size_t n)
{
	return (struct span){s.p, n < s.n ? n : s.n};
}

static inline bool span_starts(struct span s, struct span with)
{
	return s.n >= with.n && memcmp(s.p, with.p, with.n) == 0;
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool span_ends(struct span s, struct span with)
{
	return s.n >= with.n && memcmp(s.p + s.n - with.n, with.p, with.n) == 0;
}

/* Offset of the first / last occurrence, or SPAN_NONE. */
static inline size_t span_find(struct span s, struct span what)
{
	/* Lines are short: memchr() for the first letter beats the preparations of memmem(). */
	for (size_t at = 0; what.n && at + what.n <= s.n; at++) {
		const char *hit = memchr(s.p + at, (unsigned char)*what.p, s.n - what.n + 1 - at);

		if (!hit)
			break;
		at = (size_t)(hit - s.p);
		if (memcmp(hit, what.p, what.n) == 0)
			return at;
	}
	return SPAN_NONE;
}

static inline size_t span_rfind(struct span s, struct span what)
{
	for (size_t at = s.n >= what.n ? s.n - what.n + 1 : 0; at > 0; at--)
		if (!what.n ||
		    (s.p[at - 1] == *what.p && memcmp(s.p + at - 1, what.p, what.n) == 0))
			return at - 1;
	return SPAN_NONE;
}

static inline bool span_has(struct span s, struct span what)
{
	return span_find(s, what) != SPAN_NONE;
}

static inline bool span_has_char(struct span s, char c)
{
	return s.n && memchr(s.p, (unsigned char)c, s.n);
}

static inline struct span span_ltrim(struct span s)
{
	while (s.n && char_is_blank(*s.p))
		s = span_skip(s, 1);
	return s;
}

static inline struct span span_rtrim(struct span s)
{
	while (s.n && char_is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

static inline struct span span_trim(struct span s)
{
	return span_rtrim(span_ltrim(s));
}

/* Drops `with` from the front if it is there; says whether it was. */
static inline bool span_eat(struct span *s, struct span with)
{
	if (!span_starts(*s, with))
		return false;
	*s = span_skip(*s, with.n);
	return true;
}

/* Cuts the next run of non-blanks off the front; empty when there is none. */
static inline struct span span_token(struct span *s)
{
	size_t n = 0;

	*s = span_ltrim(*s);
	while (n < s->n && !char_is_blank(s->p[n]))
		n++;
	struct span token = span_head(*s, n);
	*s = span_skip(*s, n);
	return token;
}

/*
 * Reads a decimal number with an optional minus sign off the front and drops it. False, and both
 * untouched, when there is no digit or the value does not fit.
 */
static inline bool span_number(struct span *s, int64_t *value)
{
	size_t at = s->n && *s->p == '-' ? 1 : 0;
	uint64_t sum = 0;
	size_t start = at;

	for (; at < s->n && char_is_digit(s->p[at]); at++) {
		/* 18 digits always fit. */
		if (at > 17 && sum > (uint64_t)INT64_MAX / 10 - 1)
			return false;
		sum = sum * 10 + (uint64_t)(s->p[at] - '0');
	}
	if (at == start)
		return false;
	*value = start ? -(int64_t)sum : (int64_t)sum;
	*s = span_skip(*s, at);
	return true;
}

/* The number after the first `label`, anywhere in s; false when label or number is missing. */
static inline bool span_number_after(struct span s, struct span label, int64_t *value)
{
	size_t at = span_find(s, label);

	if (at == SPAN_NONE)
		return false;
	s = span_skip(s, at + label.n);
	return span_number(&s, value);
}

/* Length of the run of digits at the front. */
static inline size_t span_digits(struct span s)
{
	size_t n = 0;

	while (n < s.n && char_is_digit(s.p[n]))
		n++;
	return n;
}

#endif
