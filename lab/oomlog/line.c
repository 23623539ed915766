#include "oomlog/line.h"

#include "oomlog/kind.h"
#include "oomlog/oomlog.h"
#include "oomlog/stamp.h"

struct strip {
	struct span rest;
	struct line *line;
	bool stamped; /* a printk stamp was seen: the message is near */
	bool rfc5424;
	bool decoded; /* the facility is known: no program's name follows */
	bool leveled; /* "<3>": a date and a program's name may follow */
};

static void headed(struct strip *st, struct span rest)
{
	st->rest = rest;
	st->line->headed = true;
}

static bool row_follows(struct span after)
{
	int64_t number;

	after = span_ltrim(after);
	if (!span_number(&after, &number))
		return false;
	after = span_ltrim(after);
	return after.n == 0 || char_is_digit(*after.p);
}

static bool caller_id(struct span s)
{
	s = span_trim(s);
	return s.n > 1 && (*s.p == 'T' || *s.p == 'C') && span_digits(span_skip(s, 1)) == s.n - 1;
}

static bool bracket_known(struct strip *st, struct span inside, struct span after)
{
	struct line *line = st->line;
	struct span trimmed = span_trim(inside);

	if (stamp_printk(trimmed, &line->time_ns)) {
		st->stamped = true;
		return true;
	}
	if (st->stamped && caller_id(inside))
		return true;
	if (!st->stamped && stamp_clock_end(inside)) {
		line->wall = trimmed;
		return true;
	}
	return !st->stamped && trimmed.n > 3 && span_digits(trimmed) == trimmed.n &&
	       !row_follows(after);
}

static bool strip_bracket(struct strip *st, struct span s)
{
	const char *end = memchr(s.p, ']', s.n < 48 ? s.n : 48);

	if (!end)
		return false;
	struct span inside = {s.p + 1, (size_t)(end - s.p - 1)};
	struct span after = span_skip(s, inside.n + 2);
	if (!bracket_known(st, inside, after))
		return false;
	if (after.n && *after.p == ' ')
		after = span_skip(after, 1);
	headed(st, after);
	return true;
}

static bool kernel_tag(struct span name)
{
	static const char *const names[] = {"kernel", "klogd", "vmunix", "unix"};
	const char *bracket = name.n ? memchr(name.p, '[', name.n) : NULL;

	if (bracket)
		name.n = (size_t)(bracket - name.p);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_equal(name, (struct span){names[i], strlen(names[i])}))
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
	headed(st, s);
}

static bool message_starts(struct span s, size_t index)
{
	enum kind kind = kind_of(s);

	if (*s.p == '[')
		return kind == KIND_ROW || kind == KIND_TABLE_HEAD ||
		       char_is_digit(span_ltrim(span_skip(s, 1)).n ? *span_ltrim(span_skip(s, 1)).p
								   : 'x');
	return kind != KIND_OTHER && kind != KIND_STAT && (index > 0 || kind != KIND_INVOKED);
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
		headed(st, span_skip(s, s.n && *s.p == ' '));
		return true;
	}
	return false;
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
			headed(st, span_skip(next, 1));
			return;
		}
		if (span_starts(token, SPAN("kernel:")) && token.n > 7) {
			headed(st, span_skip(at, 7));
			return;
		}
		bool tag = token.p[token.n - 1] == ':';
		if (!tag && kernel_tag(token) && span_eat(&colon, SPAN(":"))) {
			tag = true;
			next = colon;
			token.n++;
		}
		if (tag) {
			st->line->foreign = !kernel_tag(span_head(token, token.n - 1));
			at = span_skip(next, next.n && *next.p == ' ');
			headed(st, at);
			return;
		}
		at = span_ltrim(next);
	}
	headed(st, at.n ? at : s);
}

static bool strip_date(struct strip *st, struct span s)
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
	while (end < s.n && (char_is_digit(s.p[end]) || memchr(".,+-:Z", s.p[end], 6)))
		end++;
	if (end < s.n && !char_is_blank(s.p[end]))
		return false;
	st->line->wall = span_head(s, end);
	st->line->foreign |= stamp_glog(span_head(s, start));
	struct span rest = span_ltrim(span_skip(s, end)), peek = rest;
	struct span word = span_token(&peek);
	if ((word.n == 4 && span_digits(word) == 4) || span_equal(word, SPAN("UTC")) ||
	    span_equal(word, SPAN("AM")) || span_equal(word, SPAN("PM")) ||
	    (word.n > 2 && word.n < 6 && (*word.p == '+' || *word.p == '-')))
		rest = span_ltrim(peek);
	if (st->decoded)
		headed(st, rest);
	else if (st->rfc5424)
		strip_rfc5424(st, rest);
	else
		strip_tags(st, rest);
	return true;
}

/* "messages.1:" or "messages.1:279:" as grep puts in front of a dated line. */
static bool strip_grep(struct strip *st, struct span s)
{
	size_t at = span_find(span_head(s, 96), SPAN(":"));

	if (at == SPAN_NONE || at == 0 || span_has_char(span_head(s, at), ' '))
		return false;
	s = span_skip(s, at + 1);
	size_t digits = span_digits(s);
	if (digits && digits < 10 && span_starts(span_skip(s, digits), SPAN(":")))
		s = span_skip(s, digits + 1);
	if (s.n && *s.p == '[')
		return kind_of(s) == KIND_OTHER && strip_bracket(st, s);
	return s.n && stamp_clock_end(s) && strip_date(st, s);
}

/* "4,19685342,241227987454,-,caller=T12845;" with the priority's facility above its low 3 bits. */
static bool strip_kmsg(struct strip *st, struct span s)
{
	int64_t priority, sequence, time_us;
	const char *end;

	if (!span_number(&s, &priority) || !span_eat(&s, SPAN(",")) ||
	    !span_number(&s, &sequence) || !span_eat(&s, SPAN(",")) || !span_number(&s, &time_us) ||
	    !span_eat(&s, SPAN(",")))
		return false;
	end = memchr(s.p, ';', s.n < 160 ? s.n : 160);
	if (!end)
		return false;
	st->line->foreign = priority >> 3;
	st->line->escaped = true;
	if (time_us >= 0 && time_us < INT64_MAX / 1000)
		st->line->time_ns = time_us * 1000;
	st->stamped = true;
	headed(st, span_skip(s, (size_t)(end - s.p) + 1));
	return true;
}

/* "123.456789] " with its bracket lost; "1 [ 12.345678] " with a list number in front. */
static bool strip_number(struct strip *st, struct span s)
{
	size_t digits = span_digits(s);
	const char *end = memchr(s.p, ']', s.n < 24 ? s.n : 24);

	if (end && digits < s.n && s.p[digits] == '.' &&
	    stamp_printk(span_head(s, (size_t)(end - s.p)), &st->line->time_ns)) {
		st->stamped = true;
		headed(st, span_skip(s, (size_t)(end - s.p) + 2));
		return true;
	}
	s = span_skip(s, digits);
	if (s.n && memchr(".:|", *s.p, 3))
		s = span_skip(s, 1);
	if (digits > 6 || s.n < 2 || !char_is_blank(*s.p))
		return false;
	s = span_ltrim(s);
	return s.n && *s.p == '[' && !kind_of(s) && strip_bracket(st, s);
}

static bool strip_level(struct strip *st, struct span s)
{
	int64_t level, version;
	struct span body = span_skip(s, 1);

	if (!span_number(&body, &level) || level < 0 || level > 191 || !span_eat(&body, SPAN(">")))
		return false;
	st->line->foreign = level >> 3;
	st->leveled = true;
	headed(st, body);
	if (span_number(&body, &version) && version == 1 && span_eat(&body, SPAN(" ")) &&
	    stamp_clock_end(body)) {
		st->rfc5424 = true;
		st->rest = body;
	}
	return true;
}

/* "kern  :warn  : " as dmesg --decode writes it. */
static bool strip_decoded(struct strip *st, struct span s)
{
	size_t n = 0;

	while (n < s.n && n < 9 && char_is_alpha(s.p[n]))
		n++;
	struct span facility = span_head(s, n);
	s = span_ltrim(span_skip(s, n));
	if (!n || s.n < 2 || *s.p != ':' || !char_is_alpha(s.p[1]))
		return false;
	s = span_skip(s, 1);
	while (s.n && char_is_alpha(*s.p))
		s = span_skip(s, 1);
	s = span_ltrim(s);
	if (!span_eat(&s, SPAN(":")))
		return false;
	st->line->foreign = !span_equal(facility, SPAN("kern"));
	st->decoded = true;
	headed(st, s);
	return true;
}

/* After a stamp: "kernel: " or "host kernel: " (journalctl -o short-monotonic). */
static bool strip_word(struct strip *st, struct span s)
{
	struct span next = s;

	if (span_eat(&next, SPAN("kernel:")) || span_eat(&next, SPAN("MESSAGE="))) {
		headed(st, span_skip(next, next.n && *next.p == ' '));
		return true;
	}
	if (st->stamped) {
		span_token(&next);
		if (!span_eat(&next, SPAN(" kernel: ")))
			return false;
		headed(st, next);
		return true;
	}
	return (!st->line->headed || ((st->decoded || st->leveled) && !st->line->wall.n)) &&
	       (strip_decoded(st, s) || strip_date(st, s) || strip_grep(st, s));
}

static bool strip_quote(struct strip *st, struct span s)
{
	if (st->line->headed)
		return false;
	s = span_skip(s, 1);
	st->rest = span_skip(s, s.n && *s.p == ' ');
	return true;
}

static bool strip_bullet(struct strip *st, struct span s)
{
	s = span_skip(s, 1);
	if (!s.n || !char_is_blank(*s.p))
		return false;
	s = span_ltrim(s);
	return s.n && *s.p == '[' && strip_bracket(st, s);
}

static bool strip_one(struct strip *st)
{
	struct span s = span_ltrim(st->rest);

	if (!s.n)
		return false;
	switch (*s.p) {
	case '[':
		return strip_bracket(st, s);
	case '>':
	case '|':
		return strip_quote(st, s);
	case '<':
		return !st->line->headed && strip_level(st, s);
	case '-':
	case '*':
		return !st->line->headed && strip_bullet(st, s);
	case ':':
		return st->line->headed && s.n > 1 && s.p[1] == ' ' &&
		       (headed(st, span_skip(s, 2)), true);
	default:
		break;
	}
	if (char_is_digit(*s.p) && !st->stamped)
		return strip_kmsg(st, s) || strip_number(st, s) ||
		       (!st->line->wall.n && (strip_date(st, s) || strip_grep(st, s)));
	return (char_is_alpha(*s.p) || *s.p == '/' || (unsigned char)*s.p >= 0x80) &&
	       strip_word(st, s);
}

/* Offset of a printk stamp inside s, or SPAN_NONE. */
static size_t inner_stamp(struct span s)
{
	for (size_t i = 1; i < s.n; i++) {
		const char *open = memchr(s.p + i, '[', s.n - i);

		if (!open)
			break;
		i = (size_t)(open - s.p);
		struct span inside = span_ltrim(span_skip(s, i + 1));
		size_t digits = span_digits(inside);
		if (digits && span_starts(span_skip(inside, digits), SPAN(".")))
			return i;
	}
	return SPAN_NONE;
}

/* Offset of a /dev/kmsg header behind a blank inside s, or SPAN_NONE. */
static size_t inner_kmsg(struct span s)
{
	struct line line;

	if (!span_has_char(s, ';'))
		return SPAN_NONE;
	for (size_t i = 1; i < s.n; i++)
		if (s.p[i - 1] == ' ' && char_is_digit(s.p[i]) &&
		    strip_kmsg(&(struct strip){.line = &line}, span_skip(s, i)))
			return i;
	return SPAN_NONE;
}

/* Where a header begins inside s; quotes and braces in front of it mean that somebody quotes. */
static size_t inner_header(struct span s)
{
	size_t at;

	s = span_head(s, 160);
	at = inner_stamp(s);
	if (at == SPAN_NONE)
		at = inner_kmsg(s);
	for (size_t i = 0; at != SPAN_NONE && i < at; i++)
		if (memchr("\"'{", s.p[i], 3))
			return SPAN_NONE;
	return at;
}

/* An unknown header, or a program's output that the kernel broke into, before a known one. */
static void strip_unknown(struct line *line, struct span whole)
{
	size_t at = inner_header(whole);
	struct line inner = *line;
	struct strip st = {.line = &inner};

	if (at == SPAN_NONE)
		return;
	st.rest = span_skip(whole, at);
	for (int step = 0; step < 4 && strip_one(&st); step++)
		;
	if (!inner.headed ||
	    (kind_of(st.rest) == KIND_OTHER && !span_ends(span_rtrim(st.rest), SPAN(" invoked"))))
		return;
	*line = inner;
	line->text = st.rest;
}

void line_strip(struct line *line, struct span raw, char *scratch)
{
	struct strip st = {.line = line};

	*line = (struct line){.time_ns = OOMLOG_ABSENT};
	st.rest = stamp_clean(raw, scratch);
	line->columns = stamp_width(st.rest);
	line->indent = st.rest.n - span_ltrim(st.rest).n;
	for (int step = 0; step < 10 && !line->foreign; step++)
		if (!strip_one(&st))
			break;
	line->text = st.rest;
	if (!line->headed)
		strip_unknown(line, line->text);
}
