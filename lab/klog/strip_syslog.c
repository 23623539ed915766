#include "klog/kind.h"
#include "klog/stamp.h"
#include "klog/strip.h"

static bool kernel_tag(struct span name)
{
	static const struct span names[] = {SPAN("kernel"), SPAN("klogd"), SPAN("vmunix"),
					    SPAN("unix")};
	const char *bracket;

	if (!name.n || !memchr("kvu", *name.p, 3))
		return false;
	bracket = memchr(name.p, '[', name.n);

	if (bracket)
		name.n = (size_t)(bracket - name.p);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_equal(name, names[i]))
			return true;
	return false;
}

/* RFC 5424 after the time: host app procid msgid structured-data message. */
static void strip_rfc5424(struct strip *st, struct span s)
{
	span_token(&s);
	st->line->foreign = !kernel_tag(span_token(&s));
	span_token(&s);
	span_token(&s);
	s = span_ltrim(s);
	if (s.n && *s.p == '[') {
		const char *end = memchr(s.p, ']', s.n);

		s = end ? span_skip(s, (size_t)(end - s.p) + 1) : span_skip(s, s.n);
	} else {
		span_token(&s);
	}
	s = span_ltrim(s);
	span_eat(&s, SPAN("\xef\xbb\xbf"));
	strip_headed(st, s);
}

/* A message of a dump starts here; `index` words stand between it and the date. */
static bool message_starts(struct span s, size_t index)
{
	enum kind kind = kind_of(s);

	if (*s.p == '[')
		return kind == KIND_ROW || kind == KIND_TABLE_HEAD ||
		       char_is_digit(span_ltrim(span_skip(s, 1)).n ? *span_ltrim(span_skip(s, 1)).p
								   : 'x');
	if (kind == KIND_INVOKED && index == 0) {
		/* One word alone is the invoker, not a host. */
		span_token(&s);
		return span_starts(s, SPAN(" invoked oom-killer"));
	}
	return kind != KIND_OTHER && kind != KIND_STAT;
}

/* "host kernel: ", the usual case, without a look at the message. */
static bool strip_kernel_tag(struct strip *st, struct span s)
{
	for (int words = 0; words < 3; words++) {
		struct span token = span_token(&s);

		if (!token.n)
			return false;
		if (token.p[token.n - 1] != ':')
			continue;
		if (!kernel_tag(span_head(token, token.n - 1)))
			return false;
		strip_headed(st, span_skip(s, s.n && *s.p == ' '));
		return true;
	}
	return false;
}

/* "<6>[39291577.009360] " behind a name: a kernel's console that a program logs. */
static bool is_console(struct span s)
{
	struct span inside;

	s = span_ltrim(s);
	if (!span_eat(&s, SPAN("<")) || s.n < 8 || !char_is_digit(*s.p) ||
	    !span_starts(span_skip(s, 1), SPAN(">[")))
		return false;
	inside = span_ltrim(span_skip(s, 3));
	return span_digits(inside) &&
	       span_starts(span_skip(inside, span_digits(inside)), SPAN("."));
}

/* After a date: "host kernel: ", "kernel: ", "kern.info kernel: ", "host prog[1]: ", nothing. */
static void strip_tags(struct strip *st, struct span s)
{
	struct span at = span_ltrim(s);

	if (strip_kernel_tag(st, at))
		return;
	for (size_t index = 0; index < 6 && at.n; index++) {
		struct span next = at, token = span_token(&next);
		struct span colon = span_ltrim(next);

		if (message_starts(at, index))
			break;
		if (index == 0 &&
		    (span_equal(token, SPAN("stderr")) || span_equal(token, SPAN("stdout")))) {
			span_token(&next);
			strip_headed(st, span_skip(next, 1));
			return;
		}
		if (span_starts(token, SPAN("kernel:")) && token.n > 7) {
			strip_headed(st, span_skip(at, 7));
			return;
		}
		bool tag = token.p[token.n - 1] == ':';
		if (token.n == 1 && index == 2 && char_is_alpha(*token.p) && colon.n > 1 &&
		    *colon.p == ':' && char_is_blank(colon.p[1])) {
			/* Android: "156   156 I         : " is the kernel's, whose tag is empty. */
			strip_headed(st, span_skip(colon, 2));
			return;
		}
		if (!tag && kernel_tag(token) && span_eat(&colon, SPAN(":"))) {
			tag = true;
			next = colon;
			token.n++;
		}
		if (tag) {
			bool own = kernel_tag(span_head(token, token.n - 1));
			bool console = !own && is_console(next);

			st->line->foreign = !own && !console;
			st->leveled |= console;
			at = span_skip(next, next.n && *next.p == ' ');
			strip_headed(st, at);
			return;
		}
		at = span_ltrim(next);
	}
	strip_headed(st, at.n ? at : s);
}

bool strip_date(struct strip *st, struct span s)
{
	size_t end = stamp_clock_end(s);

	if (!end || span_has_char(span_head(s, end), '=') || span_has_char(span_head(s, end), '('))
		return false;
	size_t start = end - 6;
	while (start > 0 && (char_is_digit(s.p[start - 1]) || s.p[start - 1] == ':'))
		start--;
	if (start > 0 && s.p[start - 1] == 'T' && start > 4)
		start -= 1;
	if (!stamp_date_like(span_head(s, start)) || span_has(span_head(s, start), SPAN(": ")))
		return false;
	bool dmesg = end < s.n && s.p[end] == ',' && span_digits(span_skip(s, end + 1)) == 6;
	while (end < s.n && (char_is_digit(s.p[end]) || memchr(".,+-:Z", s.p[end], 6)))
		end++;
	if (end < s.n && !char_is_blank(s.p[end]))
		return false;
	/* "A 2020-06-25T09:57:22Z": Google Cloud's viewer has the severity's letter in front. */
	bool has_severity = end > 12 && char_is_alpha(*s.p) && s.p[1] == ' ' &&
			    char_is_digit(s.p[2]);
	st->line->wall = span_skip(span_head(s, end), has_severity ? 2 : 0);
	st->line->foreign |= stamp_glog(span_head(s, start));
	struct span rest = span_ltrim(span_skip(s, end)), peek = rest;
	struct span word = span_token(&peek);
	if ((word.n == 4 && span_digits(word) == 4) || span_equal(word, SPAN("UTC")) ||
	    span_equal(word, SPAN("AM")) || span_equal(word, SPAN("PM")) ||
	    (word.n > 2 && word.n < 6 && (*word.p == '+' || *word.p == '-')))
		rest = span_ltrim(peek);
	/* dmesg --time-format=iso: no host, no program. */
	if (st->decoded || dmesg)
		strip_headed(st, rest);
	else if (st->rfc5424)
		strip_rfc5424(st, rest);
	else
		strip_tags(st, rest);
	return true;
}

/* "1795430400.123456 host kernel: " (journalctl -o short-unix) */
bool strip_unix_time(struct strip *st, struct span s)
{
	size_t digits = span_digits(s);
	struct span fraction = span_skip(s, digits + 1);

	if (digits < 9 || digits > 11 || !span_starts(span_skip(s, digits), SPAN(".")) ||
	    span_digits(fraction) != 6 || !strip_kernel_tag(st, span_skip(fraction, 6)))
		return false;
	st->line->wall = span_head(s, digits + 7);
	return true;
}

/* RFC 5424's version, its priority lost: "1 2026-11-23T10:00:00Z host app procid - - " */
bool strip_version(struct strip *st, struct span s)
{
	struct span fields;

	if (!span_eat(&s, SPAN("1 ")))
		return false;
	fields = s;
	if (!span_has_char(span_token(&fields), 'T') || !stamp_clock_end(s))
		return false;
	span_token(&fields);
	if (span_ends(span_token(&fields), SPAN(":")) || !span_starts(fields, SPAN(" -")))
		return false;
	st->rfc5424 = true;
	st->rest = s;
	return true;
}

static bool has_clock(struct span s)
{
	for (size_t i = 1; i + 5 < s.n; i++) {
		const char *colon = memchr(s.p + i, ':', s.n - 5 - i);

		if (!colon)
			return false;
		i = (size_t)(colon - s.p);
		if (colon[3] == ':' && char_is_digit(colon[1]) && char_is_digit(colon[4]))
			return true;
	}
	return false;
}

/* What grep found: stands behind a file's name and perhaps a line's number. */
static bool strip_found(struct strip *st, struct span s)
{
	size_t digits = span_digits(s);

	if (digits && digits < 10 && digits < s.n && memchr(":-", s.p[digits], 2) &&
	    !stamp_clock_end(span_head(s, digits + 6)))
		s = span_skip(s, digits + 1);
	if (s.n && *s.p == '[')
		return kind_of(s) == KIND_OTHER && strip_bracket(st, s);
	return s.n && stamp_clock_end(s) && strip_date(st, s);
}

/* "messages.1:", "messages.1:279:", "kern.log-", "kern.log-279-", "279:", "279-": grep's. */
bool strip_grep(struct strip *st, struct span s)
{
	struct span head = span_head(s, 96);

	/* A stamp's bracket or a date's clock must follow; the clock may be farther behind. */
	if (!span_has_char(head, '[') && !has_clock(span_head(s, 140)))
		return false;
	for (size_t at = 1; at < head.n && !char_is_blank(s.p[at]); at++)
		if ((s.p[at] == ':' || s.p[at] == '-') && strip_found(st, span_skip(s, at + 1)))
			return true;
	return false;
}
