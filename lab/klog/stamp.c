#include "klog/stamp.h"

/* Length of "[32m" or "[0;31m" at the front, or 0. */
static size_t colour(struct span s)
{
	size_t n = 1;

	if (s.n < 3 || *s.p != '[')
		return 0;
	while (n < s.n && n < 12 && (char_is_digit(s.p[n]) || s.p[n] == ';'))
		n++;
	return n > 1 && n < s.n && s.p[n] == 'm' ? n + 1 : 0;
}

/* The line begins with a colour whose escape character was lost, or written out as "^[". */
static bool is_coloured(struct span raw)
{
	span_eat(&raw, SPAN("^["));
	return raw.n && *raw.p == '[' && colour(raw);
}

static size_t clean_copy(struct span raw, char *out)
{
	bool coloured = is_coloured(raw);
	size_t n = 0;

	for (size_t i = 0; i < raw.n; i++) {
		if (coloured && (raw.p[i] == '[' || raw.p[i] == '^')) {
			struct span at = span_skip(raw, i);
			size_t caret = span_eat(&at, SPAN("^[")) ? 2 : 0, length = colour(at);

			if (length) {
				i += caret + length - 1;
				continue;
			}
		}
		if (raw.p[i] == '\x1b' && i + 1 < raw.n && raw.p[i + 1] == '[') {
			i += 2;
			while (i < raw.n && !char_is_alpha(raw.p[i]))
				i++;
		} else if (raw.p[i] == '\xc2' && i + 1 < raw.n && raw.p[i + 1] == '\xa0') {
			out[n++] = ' ';
			i++;
		} else {
			out[n++] = raw.p[i];
		}
	}
	return n;
}

struct span stamp_clean(struct span raw, bool plain, char *scratch)
{
	while (raw.n && raw.p[raw.n - 1] == '\r')
		raw.n--;
	if (plain && !is_coloured(raw))
		return raw;
	if (span_has_char(raw, '\x1b') || is_coloured(raw) ||
	    (span_has_char(raw, '\xc2') && span_has(raw, SPAN("\xc2\xa0"))))
		return (struct span){scratch, clean_copy(raw, scratch)};
	return raw;
}

/* Looks at eight bytes at a time while they are ASCII, as nearly all are. */
size_t stamp_width(struct span s)
{
	size_t columns = 0, at = 0;
	uint64_t word;

	for (; at + sizeof(word) <= s.n; at += sizeof(word)) {
		memcpy(&word, s.p + at, sizeof(word));
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	for (columns = at; at < s.n; at++)
		columns += (s.p[at] & 0xc0) != 0x80;
	return columns;
}

/* "2-3219.1870": a CPU's number in front. */
static bool cpu_stamp(struct span s)
{
	s = span_skip(s, span_digits(s));
	return span_eat(&s, SPAN("-")) && stamp_printk(s, &(int64_t){0});
}

bool stamp_printk(struct span s, int64_t *time_ns)
{
	int64_t seconds, fraction = 0;
	struct span rest = s;
	size_t digits;

	if (!s.n || !char_is_digit(*s.p))
		return false;
	if (!span_number(&rest, &seconds) || !span_eat(&rest, SPAN(".")))
		return cpu_stamp(s);
	digits = span_digits(rest);
	/* "30.745838,1": the CPU's number behind it. */
	if (digits + 1 < rest.n && rest.p[digits] == ',' &&
	    span_digits(span_skip(rest, digits + 1)) == rest.n - digits - 1)
		rest.n = digits;
	if (rest.n != digits || digits == 0 || digits > 9)
		return false;
	span_number(&rest, &fraction);
	for (; digits < 9; digits++)
		fraction *= 10;
	if (seconds < INT64_MAX / 1000000000 - 1)
		*time_ns = seconds * 1000000000 + fraction;
	return true;
}

bool stamp_relative(struct span s, int64_t *time_ns)
{
	int64_t whole = ABSENT, delta;
	size_t open = span_find(s, SPAN("<"));

	if (span_eat(&s, SPAN("+")))
		return stamp_printk(s, &delta);
	if (open == SPAN_NONE || !span_ends(s, SPAN(">")) ||
	    !stamp_printk(span_trim(span_head(span_skip(s, open + 1), s.n - open - 2)), &delta))
		return false;
	if (open && !stamp_printk(span_rtrim(span_head(s, open)), &whole))
		return false;
	*time_ns = whole;
	return true;
}

bool stamp_minute(struct span s)
{
	size_t n = s.n;

	return n >= 8 && n < 24 && !char_is_digit(*s.p) && char_is_digit(s.p[n - 1]) &&
	       char_is_digit(s.p[n - 2]) && s.p[n - 3] == ':' && char_is_digit(s.p[n - 4]) &&
	       char_is_digit(s.p[n - 5]) && s.p[n - 6] == ' ' && char_is_digit(s.p[n - 7]);
}

size_t stamp_clock_end(struct span s)
{
	s = span_head(s, 40);
	for (size_t i = 1; i + 5 < s.n; i++) {
		const char *p = s.p + i;

		/* "0000:20:02.0" is a device's address, not an hour. */
		if (i > 2 && char_is_digit(p[-2]) && char_is_digit(p[-3]))
			continue;
		if (p[0] == ':' && char_is_digit(p[-1]) && char_is_digit(p[1]) &&
		    char_is_digit(p[2]) && p[3] == ':' && char_is_digit(p[4]) &&
		    char_is_digit(p[5]))
			return i + 6;
	}
	return 0;
}

bool stamp_date_like(struct span s)
{
	size_t words = 0;

	for (struct span token = span_token(&s); token.n; token = span_token(&s))
		if (token.n > 12 || ++words > 5)
			return false;
	return true;
}

bool stamp_glog(struct span s)
{
	s = span_rtrim(s);
	return s.n == 5 && memchr("IWEF", *s.p, 4) && span_digits(span_skip(s, 1)) == 4;
}
