#include "klog/json_line.h"

#include "klog/stamp.h"
#include "klog/utf16.h"

/* The value behind "key":, blanks skipped; empty if the key is missing. */
static struct span value_of(struct span raw, struct span key)
{
	size_t at = span_find(raw, key);

	if (at == SPAN_NONE)
		return (struct span){NULL, 0};
	raw = span_ltrim(span_skip(raw, at + key.n));
	if (!span_eat(&raw, SPAN(":")))
		return (struct span){NULL, 0};
	return span_ltrim(raw);
}

/* The four hexadecimal digits of "u1f60" at the beginning of s; false: there are none. */
static bool unicode_escape(struct span s, unsigned int *code)
{
	*code = 0;
	if (s.n < 5 || *s.p != 'u')
		return false;
	for (size_t i = 1; i < 5; i++) {
		int digit = char_hex_digit(s.p[i]);

		if (digit < 0)
			return false;
		*code = *code << 4 | (unsigned int)digit;
	}
	return true;
}

/* "ud83d\ude00": characters beyond U+FFFF are two escapes, a high and a low surrogate. */
static void put_unicode(struct strbuf *out, struct span *s, unsigned int code)
{
	unsigned int low;
	bool is_high = code >= 0xd800 && code < 0xdc00;

	*s = span_skip(*s, 5);
	if (is_high && span_starts(*s, SPAN("\\")) && unicode_escape(span_skip(*s, 1), &low) &&
	    low >= 0xdc00 && low < 0xe000) {
		*s = span_skip(*s, 6);
		utf16_put(out, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
		return;
	}
	/* A NUL would end the text. */
	utf16_put(out, !code || (code >= 0xd800 && code < 0xe000) ? UTF16_REPLACEMENT : code);
}

/* s is behind the backslash and not empty. An escape that is none stays as it stands. */
static void put_escape(struct strbuf *out, struct span *s)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	const char *hit = memchr(from, *s->p, sizeof(from) - 1);
	unsigned int code;

	if (unicode_escape(*s, &code)) {
		put_unicode(out, s, code);
		return;
	}
	if (*s->p == 'u')
		strbuf_putc(out, '\\');
	strbuf_putc(out, hit ? to[hit - from] : *s->p);
	*s = span_skip(*s, 1);
}

static bool put_string(struct strbuf *out, struct span s)
{
	if (!span_eat(&s, SPAN("\"")))
		return false;
	while (s.n && *s.p != '"') {
		if (*s.p == '\\' && s.n > 1) {
			s = span_skip(s, 1);
			put_escape(out, &s);
		} else {
			strbuf_putc(out, *s.p);
			s = span_skip(s, 1);
		}
	}
	return s.n > 0;
}

static bool put_bytes(struct strbuf *out, struct span s)
{
	int64_t byte;

	if (!span_eat(&s, SPAN("[")))
		return false;
	for (s = span_ltrim(s); span_number(&s, &byte) && byte >= 0 && byte < 256;
	     s = span_ltrim(s)) {
		strbuf_putc(out, (char)byte);
		s = span_ltrim(s);
		if (!span_eat(&s, SPAN(",")))
			break;
	}
	return span_starts(s, SPAN("]"));
}

static bool by_kernel(struct span raw)
{
	static const struct span names[] = {SPAN("\"SYSLOG_IDENTIFIER\""), SPAN("\"program\""),
					    SPAN("\"ident\""), SPAN("\"appname\"")};
	struct span transport = value_of(raw, SPAN("\"_TRANSPORT\""));

	if (transport.n)
		return span_starts(transport, SPAN("\"kernel\""));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct span name = value_of(raw, names[i]);

		if (name.n && !span_starts(name, SPAN("\"kernel\"")))
			return false;
	}
	return true;
}

static void put_stamp(struct strbuf *out, struct span raw)
{
	struct span value = value_of(raw, SPAN("\"_SOURCE_MONOTONIC_TIMESTAMP\""));
	int64_t us;

	if (span_eat(&value, SPAN("\"")) && span_number(&value, &us) && us >= 0)
		strbuf_printf(out, "[%5lld.%06lld] ", (long long)(us / 1000000),
			      (long long)(us % 1000000));
}

static const struct span keys[] = {SPAN("\"MESSAGE\""),	    SPAN("\"log\""), SPAN("\"message\""),
				   SPAN("\"textPayload\""), SPAN("\"msg\""), SPAN("\"line\"")};

static bool put_member(struct strbuf *out, struct span raw)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct span value = value_of(raw, keys[i]);

		if (value.n && (put_string(out, value) || put_bytes(out, value)))
			return true;
	}
	return false;
}

static bool is_member(struct span raw)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (span_starts(raw, keys[i]))
			return true;
	return false;
}

/* A line that is one string. It must begin with a stamp or a date, as no quote does. */
static bool put_element(struct strbuf *out, struct span raw)
{
	struct span inside = span_ltrim(span_skip(raw, 2)), head = span_head(raw, 120);
	bool stamped = span_starts(raw, SPAN("\"[")) && span_digits(inside);

	raw = span_rtrim(raw);
	/* Several fields are not one string. */
	if (span_has(raw, SPAN("\",\"")))
		return false;
	return (stamped || (span_starts(raw, SPAN("\"")) && stamp_clock_end(raw) &&
			    span_has(head, SPAN(" kernel: ")))) &&
	       (span_ends(raw, SPAN("\"")) || span_ends(raw, SPAN("\","))) && put_string(out, raw);
}

/* The text in front of an object names no other program: "data: ", "[0] kmsg: ", a date. */
static bool is_kernels_own(struct span front)
{
	for (struct span word = span_token(&front); word.n; word = span_token(&front))
		if (span_ends(word, SPAN(":")) && !span_equal(word, SPAN("data:")) &&
		    !span_equal(word, SPAN("kmsg:")) && !span_equal(word, SPAN("kernel:")))
			return false;
	return true;
}

static bool put_object(struct strbuf *out, struct span raw)
{
	size_t open = span_find(raw, SPAN("{\""));

	if (open == SPAN_NONE)
		open = span_find(raw, SPAN("{ \""));
	if (open == SPAN_NONE || open > 200 || !is_kernels_own(span_head(raw, open)) ||
	    !by_kernel(raw))
		return false;
	put_stamp(out, raw);
	return put_member(out, raw);
}

static bool put_last_field(struct strbuf *out, struct span raw)
{
	size_t comma = span_rfind(raw, SPAN(",\""));

	return comma != SPAN_NONE && put_element(out, span_skip(raw, comma + 1));
}

static void drop_newlines(struct strbuf *out)
{
	while (out->len && (out->buf[out->len - 1] == '\n' || out->buf[out->len - 1] == '\r'))
		out->len--;
}

bool json_line_message(struct span raw, struct strbuf *out)
{
	bool found;

	raw = span_ltrim(raw);
	span_eat(&raw, SPAN("- "));
	if (is_member(raw))
		found = put_member(out, raw);
	else if (span_eat(&raw, SPAN("MESSAGE: ")))
		found = put_string(out, raw);
	else
		found = put_element(out, raw) || put_object(out, raw) || put_last_field(out, raw);
	drop_newlines(out);
	return found;
}
