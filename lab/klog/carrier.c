#include "klog/carrier.h"

#include "klog/json_line.h"
#include "klog/scan.h"

enum { LENGTH_BYTES = 8, SOFT_MAX = 16384 };

void carrier_init(struct carrier *c)
{
	*c = (struct carrier){.line = STRBUF_INIT, .clean = STRBUF_INIT};
}

void carrier_release(struct carrier *c)
{
	strbuf_release(&c->line);
	strbuf_release(&c->clean);
}

static struct span line_of(const struct carrier *c)
{
	return (struct span){c->line.buf, c->line.len};
}

/* A field of several lines in the export format; its length is not needed. */
static bool take_binary(struct carrier *c, struct span *text)
{
	bool begins = c->is_binary && text->n > LENGTH_BYTES;

	c->is_binary = span_equal(*text, SPAN("MESSAGE"));
	if (!begins)
		return false;
	strbuf_clear(&c->line);
	strbuf_append(&c->line, "MESSAGE=", 8);
	strbuf_append(&c->line, text->p + LENGTH_BYTES, text->n - LENGTH_BYTES);
	*text = line_of(c);
	return true;
}

/* Looks for words that the kernel writes "=" behind, so that nothing else is taken for mail. */
static bool looks_quoted(struct span s)
{
	return span_starts(s, SPAN("Content-Transfer-Encoding: quoted-printable")) ||
	       (span_has(s, SPAN("=3D")) &&
		(span_has(s, SPAN("gfp_mask=3D")) || span_has(s, SPAN("constraint=3D")) ||
		 span_has(s, SPAN("order=3D")) || span_has(s, SPAN("oom_score_adj=3D"))));
}

static int hex_upper(char c)
{
	return char_is_digit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void put_unquoted(struct strbuf *out, struct span s)
{
	while (s.n) {
		const char *sign = memchr(s.p, '=', s.n);
		size_t n = sign ? (size_t)(sign - s.p) : s.n;

		strbuf_append(out, s.p, n);
		s = span_skip(s, n);
		if (s.n > 2 && hex_upper(s.p[1]) >= 0 && hex_upper(s.p[2]) >= 0) {
			strbuf_putc(out, (char)(hex_upper(s.p[1]) * 16 + hex_upper(s.p[2])));
			s = span_skip(s, 3);
		} else if (s.n) {
			strbuf_putc(out, '=');
			s = span_skip(s, 1);
		}
	}
}

static enum carried take_quoted(struct carrier *c, struct span *text, uint64_t *number)
{
	struct span s = *text;

	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	if (!c->is_soft) {
		strbuf_clear(&c->line);
		c->first = *number;
	}
	/* "=0A=" is the end of a line of the text, written out. */
	if (span_ends(s, SPAN("=0A=")))
		s.n -= 4;
	if (span_ends(s, SPAN("=0D")))
		s.n -= 3;
	c->is_soft = span_ends(s, SPAN("=")) && c->line.len < SOFT_MAX;
	put_unquoted(&c->line, span_head(s, s.n - c->is_soft));
	if (c->is_soft)
		return CARRIED_NOTHING;
	*text = line_of(c);
	*number = c->first;
	return CARRIED_LINE;
}

/*
 * A row of the task table that mail has broken in quoted-printable, before any "=3D" tells of it:
 * such lines have 76 columns, and no name of that row ends in "=".
 */
static bool is_broken_row(struct span s)
{
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s.n == 76 && span_ends(s, SPAN("=")) && *s.p == '[' && span_has(s, SPAN("] ["));
}

/* Joins such a row with the next line. */
static bool take_broken_row(struct carrier *c, struct span *text, uint64_t *number)
{
	if (!c->is_row) {
		c->is_row = is_broken_row(*text);
		if (!c->is_row)
			return false;
		strbuf_clear(&c->line);
		strbuf_append(&c->line, text->p, span_rfind(*text, SPAN("=")));
		c->first = *number;
		return true;
	}
	c->is_row = false;
	strbuf_append(&c->line, text->p, text->n);
	*text = line_of(c);
	*number = c->first;
	return false;
}

/* scan_specials() of a line without the carriage returns at its end. */
static unsigned int specials_of(struct span s)
{
	while (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return scan_specials(s);
}

enum carried carrier_take(struct carrier *c, struct span *text, uint64_t *number)
{
	unsigned int specials;

	c->is_plain = false;
	if (take_binary(c, text))
		return CARRIED_LINE;
	if (!c->is_quoted && take_broken_row(c, text, number))
		return CARRIED_NOTHING;
	specials = specials_of(*text);
	if (!c->is_quoted && ((specials & SCAN_QUOTED) || span_starts(*text, SPAN("Content-"))))
		c->is_quoted = looks_quoted(*text);
	if (c->is_quoted) {
		if (take_quoted(c, text, number) == CARRIED_NOTHING)
			return CARRIED_NOTHING;
		specials = specials_of(*text);
	}
	if (markup_may_be(&c->markup, *text, specials & (SCAN_MARKUP | SCAN_BRACKET)))
		*text = markup_strip(&c->markup, *text, &c->clean);
	c->is_plain = !(specials & SCAN_UNPLAIN);
	if (!(specials & SCAN_MARKUP) || !json_line_may_be(*text))
		return CARRIED_LINE;
	strbuf_clear(&c->line);
	if (!json_line_message(*text, &c->line))
		return CARRIED_LINE;
	c->is_plain = false;
	*text = line_of(c);
	return CARRIED_MESSAGE;
}

enum carried carrier_rest(struct carrier *c, struct span *text, uint64_t *number)
{
	if (!c->is_soft && !c->is_row)
		return CARRIED_NOTHING;
	c->is_soft = c->is_row = c->is_plain = false;
	*text = line_of(c);
	*number = c->first;
	return CARRIED_LINE;
}
