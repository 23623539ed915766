#include "klog/line.h"

#include "klog/kind.h"
#include "klog/stamp.h"
#include "klog/strip.h"

/* Headers that begin with a letter: "kernel: ", "host kernel: " behind a stamp, dates, ... */
static bool strip_word(struct strip *st, struct span s)
{
	struct span next = s;

	if (span_eat(&next, SPAN("kernel:")) || span_eat(&next, SPAN("MESSAGE="))) {
		strip_headed(st, span_skip(next, next.n && *next.p == ' '));
		return true;
	}
	if (!st->stamped && st->line->headed && strip_level_word(st, s))
		return true;
	if (st->stamped) {
		if (strip_device(st, s))
			return true;
		span_token(&next);
		if (!span_eat(&next, SPAN(" kernel: ")))
			return false;
		strip_headed(st, next);
		return true;
	}
	return (!st->line->headed || ((st->decoded || st->leveled) && !st->line->wall.n)) &&
	       (strip_decoded(st, s) || strip_node(st, s) || strip_date(st, s) ||
		strip_grep(st, s));
}

static bool strip_quote(struct strip *st, struct span s)
{
	if (st->line->headed)
		return false;
	/* A row of several cells is somebody's table, not a quote; flags go on in the next line. */
	if (*s.p == '|' && (span_has(s, SPAN(" | ")) || span_starts(s, SPAN("|__GFP_"))))
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
	return s.n && (*s.p == '[' ? strip_bracket(st, s) : strip_mark(st, s));
}

static bool strip_one(struct strip *st)
{
	struct span s = span_ltrim(st->rest);

	if (!s.n)
		return false;
	switch (*s.p) {
	case '[':
		return strip_bracket(st, s) || strip_device(st, s);
	case '(':
	case '.':
		return strip_device(st, s);
	case '>':
	case '|':
		return strip_quote(st, s);
	case '<':
		return (!st->line->headed || st->stamped || st->leveled) && strip_level(st, s);
	case '#':
		return !st->line->headed && char_is_digit(s.n > 1 ? s.p[1] : ' ') &&
		       strip_number(st, span_skip(s, 1));
	case '-':
	case '*':
		return st->line->headed ? strip_device(st, s) : strip_bullet(st, s);
	case ':':
		return st->line->headed && s.n > 1 && s.p[1] == ' ' &&
		       (strip_headed(st, span_skip(s, 2)), true);
	default:
		break;
	}
	if (char_is_digit(*s.p) && !st->stamped)
		return strip_kmsg(st, s) || strip_number(st, s) || strip_version(st, s) ||
		       strip_unix_time(st, s) || strip_node(st, s) ||
		       (!st->line->wall.n && (strip_date(st, s) || strip_grep(st, s)));
	return (char_is_alpha(*s.p) || *s.p == '/' || (unsigned char)*s.p >= 0x80) &&
	       strip_word(st, s);
}

/* Offset of a printk stamp inside s, or SPAN_NONE. */
static size_t find_stamp(struct span s)
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
static size_t find_kmsg(struct span s)
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

/* Offset of "<4>" behind a blank in front of a message inside s, or SPAN_NONE. */
static size_t find_level(struct span s)
{
	for (size_t i = 1; i + 3 < s.n; i++)
		if (s.p[i] == '<' && s.p[i - 1] == ' ' && char_is_digit(s.p[i + 1]) &&
		    s.p[i + 2] == '>' && kind_of(span_skip(s, i + 3)) == KIND_INVOKED)
			return i;
	return SPAN_NONE;
}

/* Where a header begins inside s; quotes and braces in front of it mean that somebody quotes. */
static size_t find_header(struct span s)
{
	size_t at;

	s = span_head(s, 160);
	at = find_stamp(s);
	if (at == SPAN_NONE)
		at = find_kmsg(s);
	if (at == SPAN_NONE)
		at = find_level(s);
	for (size_t i = 0; at != SPAN_NONE && i < at; i++)
		if (memchr("\"'{", s.p[i], 3))
			return SPAN_NONE;
	return at;
}

/* Sets the shape: each run of digits, letters or blanks is one character. False: too long. */
static bool shape_of(struct span s, char shape[LINE_SHAPE_MAX])
{
	size_t n = 0;

	memset(shape, 0, LINE_SHAPE_MAX);
	for (size_t i = 0; i < s.n; i++) {
		char c = char_is_digit(s.p[i]) ? '9' : char_is_alpha(s.p[i]) ? 'a' : s.p[i];

		if (n && shape[n - 1] == c && (c == '9' || c == 'a' || c == ' '))
			continue;
		if (n == LINE_SHAPE_MAX - 1)
			return false;
		shape[n++] = c;
	}
	return true;
}

static bool is_known_message(struct span s)
{
	return kind_of(s) != KIND_OTHER || span_ends(span_rtrim(s), SPAN(" invoked"));
}

/*
 * Takes off an unknown header, or output of a program that the kernel broke into, which stands in
 * front of a known header. It counts if a message of a dump follows, or did once behind the same
 * shape.
 */
static void strip_unknown(struct line *line, struct span whole, char known[LINE_SHAPE_MAX])
{
	char shape[LINE_SHAPE_MAX];
	size_t at = find_header(whole);
	struct line inner = *line;
	struct strip st = {.line = &inner};

	if (at == SPAN_NONE)
		return;
	st.rest = span_skip(whole, at);
	for (int step = 0; step < 4 && strip_one(&st); step++)
		;
	if (!inner.headed)
		return;
	bool has_shape = shape_of(span_head(whole, at), shape);
	if (is_known_message(st.rest)) {
		if (has_shape)
			memcpy(known, shape, LINE_SHAPE_MAX);
	} else if (!has_shape || strcmp(shape, known) != 0) {
		return;
	}
	*line = inner;
	line->text = st.rest;
}

void line_strip(struct line *line, struct span raw, bool plain, char *scratch,
		char known[LINE_SHAPE_MAX])
{
	struct strip st = {.line = line};

	*line = (struct line){.time_ns = ABSENT, .caller = ABSENT};
	st.rest = stamp_clean(raw, plain, scratch);
	line->columns = plain ? st.rest.n : stamp_width(st.rest);
	line->indent = st.rest.n - span_ltrim(st.rest).n;
	for (int step = 0; step < 10 && !line->foreign; step++)
		if (!strip_one(&st))
			break;
	line->text = st.rest;
	if (!line->headed)
		strip_unknown(line, line->text, known);
}
