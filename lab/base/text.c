#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

/* Shift of a unit word ("", "k", "KiB", "mb", ...), or -1. */
static int unit_shift(const char *unit)
{
	static const char letters[] = "kmgtpe";
	const char *at;

	if (!*unit || !strcasecmp(unit, "b"))
		return 0;
	at = strchr(letters, tolower((unsigned char)unit[0]));
	if (!at)
		return -1;
	unit++;
	if (*unit && strcasecmp(unit, "b") && strcasecmp(unit, "ib"))
		return -1;
	return (int)(at - letters + 1) * 10;
}

/*
 * Reads "123" or "123.45" at *text; the fraction is in 1e-9. Returns 0, -EINVAL or -ERANGE; *text
 * is advanced unless it is -EINVAL. strtod() is no help: it takes "inf", "0x1p3" and the locale's
 * comma.
 */
static int decimal(const char **text, uint64_t *whole, uint64_t *nano)
{
	const char *p = *text;
	uint64_t weight = 100000000;
	bool is_over = false;

	*whole = *nano = 0;
	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	for (; isdigit((unsigned char)*p); p++)
		is_over |= __builtin_mul_overflow(*whole, 10, whole) ||
			   __builtin_add_overflow(*whole, (uint64_t)(*p - '0'), whole);
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return -EINVAL;
		for (; isdigit((unsigned char)*p); p++, weight /= 10)
			*nano += (uint64_t)(*p - '0') * weight;
	}
	*text = p;
	return is_over ? -ERANGE : 0;
}

int text_parse_size(const char *text, uint64_t *bytes)
{
	uint64_t whole, nano;
	int shift, r = decimal(&text, &whole, &nano);

	if (r == -EINVAL)
		return r;
	shift = unit_shift(text);
	if (shift < 0)
		return -EINVAL;
	if (r || whole > ((uint64_t)INT64_MAX >> shift))
		return -ERANGE;
	*bytes = (whole << shift) + (uint64_t)(((unsigned __int128)nano << shift) / 1000000000);
	return *bytes > INT64_MAX ? -ERANGE : 0;
}

int text_parse_long(const char *text, long min, long max, long *value)
{
	char *end;

	if (!isdigit((unsigned char)text[*text == '-']))
		return -EINVAL;
	errno = 0;
	*value = strtol(text, &end, 10);
	if (*end)
		return -EINVAL;
	return errno || *value < min || *value > max ? -ERANGE : 0;
}

int text_parse_duration(const char *text, uint64_t *ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {{"", 1000000000},	 {"s", 1000000000},    {"ms", 1000000},
		     {"m", 60000000000}, {"min", 60000000000}, {"h", 3600000000000}};
	uint64_t whole, nano;
	int r = decimal(&text, &whole, &nano);

	if (r == -EINVAL)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(text, units[i].unit))
			continue;
		if (r || whole > INT64_MAX / units[i].ns)
			return -ERANGE;
		*ns = whole * units[i].ns;
		*ns += (uint64_t)((unsigned __int128)nano * units[i].ns / 1000000000);
		return *ns > INT64_MAX ? -ERANGE : 0;
	}
	return -EINVAL;
}

char *text_number(char *buf, uint64_t value)
{
	size_t digits = 1;

	for (uint64_t rest = value; rest >= 10; rest /= 10)
		digits++;
	buf[digits] = '\0';
	do
		buf[--digits] = (char)('0' + value % 10);
	while (value /= 10);
	return buf;
}

/* Writes bytes / 2^shift with one decimal, rounded half to even as printf does. pre: shift > 0. */
static char *tenths(char *buf, uint64_t bytes, unsigned int shift)
{
	const unsigned __int128 exact = (unsigned __int128)bytes * 10;
	const uint64_t half = UINT64_C(1) << (shift - 1);
	const uint64_t rest = (uint64_t)exact & (2 * half - 1);
	uint64_t value = (uint64_t)(exact >> shift);

	value += rest > half || (rest == half && value % 2);
	char *end = buf + strlen(text_number(buf, value / 10));
	*end = '.';
	text_number(end + 1, value % 10);
	return buf;
}

char *text_size(char *buf, uint64_t bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	unsigned int i = 0;
	double scaled = (double)bytes;

	/* Below 1023.95 one decimal does not round up to 1024.0. */
	for (; i + 1 < ARRAY_SIZE(units) && (i ? scaled >= 1023.95 : bytes >= 1024); i++)
		scaled /= 1024;
	if (bytes & ((UINT64_C(1) << (10 * i)) - 1))
		tenths(buf, bytes, 10 * i);
	else
		text_number(buf, bytes >> (10 * i));
	char *end = buf + strlen(buf);
	*end = ' ';
	memcpy(end + 1, units[i], strlen(units[i]) + 1);
	return buf;
}

char *text_count(char *buf, int64_t count, const char *noun)
{
	const char *end = count == 1 ? "" : text_ends_with(noun, "s") ? "es" : "s";

	snprintf(buf, TEXT_COUNT_MAX, "%" PRId64 " %.40s%s", count, noun, end);
	return buf;
}

char *text_duration(char *buf, uint64_t ns)
{
	uint64_t sec = ns / 1000000000 + (ns % 1000000000 >= 500000000);

	if (ns < 1000000)
		snprintf(buf, TEXT_SIZE_MAX, "%" PRIu64 " us", ns / 1000);
	else if (ns < 1000000000)
		snprintf(buf, TEXT_SIZE_MAX, "%" PRIu64 " ms", ns / 1000000);
	else if (ns < 59995000000) /* what "%.2f" does not round up to 60 */
		snprintf(buf, TEXT_SIZE_MAX, "%.2f s", (double)ns / 1e9);
	else
		snprintf(buf, TEXT_SIZE_MAX, "%" PRIu64 " min %" PRIu64 " s", sec / 60, sec % 60);
	return buf;
}

size_t text_utf8_length(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t n;

	if (!len)
		return 0;
	if (u[0] < 0x80)
		return 1;
	n = u[0] >= 0xc2 && u[0] <= 0xdf   ? 2
	    : (u[0] & 0xf0) == 0xe0	   ? 3
	    : u[0] >= 0xf0 && u[0] <= 0xf4 ? 4
					   : 0;
	if (!n || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and beyond U+10FFFF (RFC 3629, section 4). */
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
	    (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
		return 0;
	return n;
}

unsigned int text_code_point(const char *p, size_t n)
{
	static const unsigned char first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	const unsigned char *u = (const unsigned char *)p;
	unsigned int c = u[0] & first_mask[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (u[i] & 0x3f);
	return c;
}

bool text_is_invisible(unsigned int c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* In each eight bytes the top bit marks one that is below a blank, above ASCII, or DEL. */
bool text_is_plain(const char *text, size_t len)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t word;

	for (; len >= sizeof(word); text += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		if (((word - each * ' ') | word | (word + each)) & (each << 7))
			return false;
	}
	while (len && text[len - 1] >= ' ' && text[len - 1] <= '~')
		len--;
	return !len;
}

void text_neutralise(char *text)
{
	size_t len = strlen(text), n;

	for (size_t i = 0; i < len; i += n) {
		n = text_utf8_length(text + i, len - i);
		if (!n || text_is_invisible(text_code_point(text + i, n))) {
			n = n ? n : 1;
			memset(text + i, '?', n);
		}
	}
}

char *text_format(const char *fmt, ...)
{
	va_list ap;
	char *out = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&out, fmt, ap);
	va_end(ap);
	return n < 0 ? xstrdup("") : out;
}

bool text_is_same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* Bytes at the front that are surely ASCII; a multiple of eight. */
static size_t ascii_length(const char *text, size_t n)
{
	size_t at = 0;
	uint64_t word;

	for (; at + sizeof(word) <= n; at += sizeof(word)) {
		memcpy(&word, text + at, sizeof(word));
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	return at;
}

const char *text_line_end(const char *from, const char *end, int columns)
{
	const char *at, *space;
	int taken;

	if (end - from <= columns)
		return end;
	taken = (int)ascii_length(from, (size_t)(columns > 0 ? columns : 0));
	for (at = from + taken; at < end; at++) {
		taken += ((unsigned char)*at & 0xc0) != 0x80;
		if (taken > columns)
			break;
	}
	if (at == end)
		return end;
	space = memrchr(from, ' ', (size_t)(at - from) + 1);
	if (!space)
		space = memchr(at, ' ', (size_t)(end - at));
	return space ? space : end;
}

int text_index(const char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; word && i < count; i++)
		if (words[i] && !strcmp(words[i], word))
			return (int)i;
	return -1;
}

bool text_starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

bool text_ends_with(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && !strcmp(text + n - m, suffix);
}
