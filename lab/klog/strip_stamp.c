#include "klog/kind.h"
#include "klog/stamp.h"
#include "klog/strip.h"

/* The rest of a row of the task table follows, so the bracket held its pid. */
static bool row_follows(struct span after)
{
	int64_t number;

	after = span_ltrim(after);
	if (!span_number(&after, &number))
		return false;
	after = span_ltrim(after);
	return after.n == 0 || char_is_digit(*after.p);
}

/* "T6736" or "C1": the task or CPU that printed (CONFIG_PRINTK_CALLER). */
static bool caller_id(struct span s)
{
	s = span_trim(s);
	return s.n > 1 && (*s.p == 'T' || *s.p == 'C') && span_digits(span_skip(s, 1)) == s.n - 1;
}

/* True when a bracket's inside is a header's: a stamp, a date, a caller, a number. */
static bool bracket_known(struct strip *st, struct span inside, struct span after)
{
	struct line *line = st->line;
	struct span trimmed = span_trim(inside);

	if (stamp_printk(trimmed, &line->time_ns) ||
	    (!st->stamped && stamp_relative(trimmed, &line->time_ns))) {
		st->stamped = true;
		return true;
	}
	if (!st->stamped && stamp_minute(trimmed)) {
		line->wall = trimmed;
		st->stamped = true;
		return true;
	}
	if (st->stamped && caller_id(inside)) {
		if (*trimmed.p == 'T')
			span_number_after(trimmed, SPAN("T"), &line->caller);
		return true;
	}
	if (!st->stamped && stamp_clock_end(inside)) {
		line->wall = trimmed;
		return true;
	}
	return !st->stamped && trimmed.n > 3 && span_digits(trimmed) == trimmed.n &&
	       !row_follows(after);
}

bool strip_bracket(struct strip *st, struct span s)
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
	strip_headed(st, after);
	return true;
}

/* "6.12.0-rc1," as netconsole puts it in front when asked to. */
static void skip_release(struct span *s)
{
	bool dot = false;
	size_t n = 0;

	for (; n < s->n && n < 64 && s->p[n] != ',' && !char_is_blank(s->p[n]); n++)
		dot |= s->p[n] == '.';
	if (dot && n < s->n && s->p[n] == ',')
		*s = span_skip(*s, n + 1);
}

/* "4,19685342,241227987454,-,caller=T12845;" with the priority's facility above its low 3 bits. */
bool strip_kmsg(struct strip *st, struct span s)
{
	int64_t priority, sequence, time_us;
	const char *end;

	skip_release(&s);
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
	strip_headed(st, span_skip(s, (size_t)(end - s.p) + 1));
	return true;
}

bool strip_mark(struct strip *st, struct span s)
{
	enum kind kind = kind_of(s);
	bool whole = (kind == KIND_SUMMARY && span_has(s, SPAN(",pid="))) ||
		     (kind == KIND_KILLED && span_has(s, SPAN(" total-vm:"))) ||
		     (kind == KIND_INVOKED && span_has(s, SPAN(": gfp_mask=0x")));

	if (whole)
		strip_headed(st, s);
	return whole;
}

/* "123.456789] " with its bracket lost; "1 [ 12.345678] " with a list number in front. */
bool strip_number(struct strip *st, struct span s)
{
	size_t digits = span_digits(s);
	const char *end = memchr(s.p, ']', s.n < 24 ? s.n : 24);

	if (end && digits < s.n && s.p[digits] == '.' &&
	    stamp_printk(span_head(s, (size_t)(end - s.p)), &st->line->time_ns)) {
		st->stamped = true;
		strip_headed(st, span_skip(s, (size_t)(end - s.p) + 2));
		return true;
	}
	s = span_skip(s, digits);
	if (s.n && memchr(".:|)", *s.p, 4))
		s = span_skip(s, 1);
	if (digits > 6 || s.n < 2 || !char_is_blank(*s.p))
		return false;
	s = span_ltrim(s);
	if (!s.n || *s.p != '[')
		return s.n && strip_mark(st, s);
	return !kind_of(s) && strip_bracket(st, s);
}

bool strip_level(struct strip *st, struct span s)
{
	int64_t level, version;
	struct span body = span_skip(s, 1);

	if (!span_number(&body, &level) || level < 0 || level > 191 || !span_eat(&body, SPAN(">")))
		return false;
	st->line->foreign = level >> 3;
	st->leveled = true;
	strip_headed(st, body);
	if (span_number(&body, &version) && version == 1 && span_eat(&body, SPAN(" ")) &&
	    stamp_clock_end(body)) {
		st->rfc5424 = true;
		st->rest = body;
	}
	return true;
}

#define LEVELS "emerg alert crit err error warn warning notice info debug"

static bool is_word_of(struct span word, const char *words)
{
	size_t n = word.n;

	for (const char *w = words; n && *w; w += strcspn(w, " "), w += *w == ' ')
		if (strcspn(w, " ") == n && memcmp(w, word.p, n) == 0)
			return true;
	return false;
}

static struct span letters(struct span *s)
{
	size_t n = 0;

	while (n < s->n && n < 9 && (char_is_alpha(s->p[n]) || char_is_digit(s->p[n])))
		n++;
	struct span word = span_head(*s, n);
	*s = span_ltrim(span_skip(*s, n));
	return word;
}

/* "kern  :warn  : " (dmesg --decode), "kern:    info: " (talosctl). */
bool strip_decoded(struct strip *st, struct span s)
{
	struct span facility = letters(&s), level;

	if (!span_eat(&s, SPAN(":")))
		return false;
	s = span_ltrim(s);
	level = letters(&s);
	if (!span_eat(&s, SPAN(":")) ||
	    !is_word_of(
		    facility,
		    "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp local0 local1 local2 local3 local4 local5 local6 local7") ||
	    !is_word_of(level, LEVELS))
		return false;
	st->line->foreign = !span_equal(facility, SPAN("kern"));
	st->decoded = true;
	strip_headed(st, s);
	return true;
}

/* "warning: [  12.345678] ": a level alone, behind "kernel: " */
bool strip_level_word(struct strip *st, struct span s)
{
	struct span level = letters(&s);

	if (!span_eat(&s, SPAN(": [")) || !span_digits(span_ltrim(s)) || !is_word_of(level, LEVELS))
		return false;
	strip_headed(st, (struct span){s.p - 1, s.n + 1});
	return true;
}

/* "10.0.0.1: kern:    info: ": a node's name in front of that. */
bool strip_node(struct strip *st, struct span s)
{
	struct span node = span_token(&s);

	return span_ends(node, SPAN(":")) && strip_decoded(st, span_ltrim(s));
}

/* "0:        kswapd0:   68": CPU, task and pid as Samsung's kernels print them. */
static bool is_cpu_task(struct span s)
{
	size_t digits = span_digits(s), last = span_rfind(s, SPAN(":"));

	if (!digits || digits > 3 || last == SPAN_NONE ||
	    !span_starts(span_skip(s, digits), SPAN(":")) || last == digits)
		return false;
	s = span_ltrim(span_skip(s, last + 1));
	return s.n && span_digits(s) == s.n;
}

/* "(0)[123:kswapd0]", "-(0)[123:kswapd0]" (MediaTek), "[0:  kswapd0:   68] ", "c0    123 ". */
bool strip_device(struct strip *st, struct span s)
{
	const char *end;
	size_t digits;

	if (!st->stamped)
		return false;
	if (!span_eat(&s, SPAN("-")) && !span_eat(&s, SPAN(".")) && s.n > 1 && s.p[1] == '[' &&
	    char_is_alpha(*s.p))
		s = span_skip(s, 1);
	if (span_eat(&s, SPAN("("))) {
		s = span_skip(s, span_digits(s));
		if (!span_eat(&s, SPAN(")[")) || !span_digits(s))
			return false;
		end = memchr(s.p, ']', s.n < 40 ? s.n : 40);
	} else if (span_eat(&s, SPAN("["))) {
		end = memchr(s.p, ']', s.n < 40 ? s.n : 40);
		if (!end || !is_cpu_task(span_head(s, (size_t)(end - s.p))))
			return false;
	} else {
		if (!span_eat(&s, SPAN("c")) || !(digits = span_digits(s)))
			return false;
		s = span_skip(s, digits);
		end = s.n && char_is_blank(*s.p) ? span_ltrim(s).p : NULL;
		digits = end ? span_digits(span_ltrim(s)) : 0;
		if (!digits)
			return false;
		end += digits;
		if (end >= s.p + s.n || *end != ' ')
			return false;
	}
	if (!end)
		return false;
	s = span_skip(s, (size_t)(end - s.p) + 1);
	strip_headed(st, span_skip(s, s.n && *s.p == ' '));
	return true;
}
