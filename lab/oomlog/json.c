#include "oomlog/json.h"

#include <stdlib.h>

#include "oomlog/stamp.h"

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

static void put_utf8(struct strbuf *out, unsigned long code)
{
	if (code < 0x80) {
		strbuf_putc(out, (char)code);
	} else if (code < 0x800) {
		strbuf_putc(out, (char)(0xc0 | code >> 6));
		strbuf_putc(out, (char)(0x80 | (code & 0x3f)));
	} else {
		strbuf_putc(out, (char)(0xe0 | (code >> 12 & 0xf)));
		strbuf_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
		strbuf_putc(out, (char)(0x80 | (code & 0x3f)));
	}
}

static void put_escape(struct strbuf *out, struct span *s)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	const char *hit = memchr(from, *s->p, sizeof(from) - 1);
	char hex[5] = "";

	if (*s->p == 'u' && s->n > 4) {
		memcpy(hex, s->p + 1, 4);
		put_utf8(out, strtoul(hex, NULL, 16));
		*s = span_skip(*s, 5);
		return;
	}
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
	for (s = span_ltrim(s); span_number(&s, &byte); s = span_ltrim(s)) {
		strbuf_putc(out, (char)byte);
		s = span_ltrim(s);
		if (!span_eat(&s, SPAN(",")))
			break;
	}
	return span_starts(s, SPAN("]"));
}

static bool by_kernel(struct span raw)
{
	struct span transport = value_of(raw, SPAN("\"_TRANSPORT\""));
	struct span identifier = value_of(raw, SPAN("\"SYSLOG_IDENTIFIER\""));

	if (transport.n)
		return span_starts(transport, SPAN("\"kernel\""));
	return !identifier.n || span_starts(identifier, SPAN("\"kernel\""));
}

static void put_stamp(struct strbuf *out, struct span raw)
{
	struct span value = value_of(raw, SPAN("\"_SOURCE_MONOTONIC_TIMESTAMP\""));
	int64_t us;

	if (span_eat(&value, SPAN("\"")) && span_number(&value, &us) && us >= 0)
		strbuf_printf(out, "[%5lld.%06lld] ", (long long)(us / 1000000),
			      (long long)(us % 1000000));
}

static const struct span keys[] = {SPAN("\"MESSAGE\""), SPAN("\"log\""), SPAN("\"message\""),
				   SPAN("\"textPayload\""), SPAN("\"msg\"")};

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

/* A whole line of a list, which begins with a stamp or a date as no quote does. */
static bool put_element(struct strbuf *out, struct span raw)
{
	struct span inside = span_ltrim(span_skip(raw, 2)), head = span_head(raw, 120);
	bool stamped = span_starts(raw, SPAN("\"[")) && span_digits(inside);

	return (stamped || (stamp_clock_end(raw) && span_has(head, SPAN(" kernel: ")))) &&
	       (span_ends(span_rtrim(raw), SPAN("\"")) ||
		span_ends(span_rtrim(raw), SPAN("\","))) &&
	       put_string(out, raw);
}

static void drop_newlines(struct strbuf *out)
{
	while (out->len && (out->buf[out->len - 1] == '\n' || out->buf[out->len - 1] == '\r'))
		out->len--;
}

bool json_message(struct span raw, struct strbuf *out)
{
	bool found;

	raw = span_ltrim(raw);
	span_eat(&raw, SPAN("- "));
	if (span_starts(raw, SPAN("{"))) {
		if (!by_kernel(raw))
			return false;
		put_stamp(out, raw);
		found = put_member(out, raw);
	} else {
		found = is_member(raw) ? put_member(out, raw) : put_element(out, raw);
	}
	drop_newlines(out);
	return found;
}
