#include "klog/markup.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct span html_tags[] = {
	SPAN("p"),   SPAN("pre"),  SPAN("code"),   SPAN("span"),       SPAN("li"),
	SPAN("td"),  SPAN("tr"),   SPAN("br"),	   SPAN("div"),	       SPAN("b"),
	SPAN("i"),   SPAN("em"),   SPAN("strong"), SPAN("a"),	       SPAN("tt"),
	SPAN("kbd"), SPAN("font"), SPAN("samp"),   SPAN("blockquote"),
};

static const struct span bb_tags[] = {
	SPAN("color"), SPAN("font"), SPAN("b"),	    SPAN("i"),	    SPAN("u"),
	SPAN("size"),  SPAN("code"), SPAN("quote"), SPAN("indent"), SPAN("php"),
};

static bool same_word(struct span a, struct span lower)
{
	if (a.n != lower.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if ((a.p[i] | 0x20) != lower.p[i])
			return false;
	return true;
}

/* Length of "<p>", "</span>", "[COLOR=\"Red\"]" at the front, or 0. */
static size_t tag(struct span s, const char *brackets, const struct span *names, size_t count)
{
	struct span word = span_skip(s, 1);
	const char *end = memchr(s.p, brackets[1], s.n < 160 ? s.n : 160);
	size_t n = 0;

	if (!s.n || *s.p != brackets[0] || !end)
		return 0;
	span_eat(&word, SPAN("/"));
	while (n < word.n && char_is_alpha(word.p[n]))
		n++;
	if (n >= word.n || !memchr(" =/>]", word.p[n], 5))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (same_word(span_head(word, n), names[i]))
			return (size_t)(end - s.p) + 1;
	return 0;
}

static size_t html_tag(struct span s)
{
	return tag(s, "<>", html_tags, COUNT(html_tags));
}

static size_t bb_tag(struct span s)
{
	return tag(s, "[]", bb_tags, COUNT(bb_tags));
}

/* "[COLOR=x]...[/COLOR]" is longer than a name; at the beginning of a line there is none. */
static bool shows_bbcode(struct span s)
{
	size_t open = span_find(s, SPAN("[COLOR="));

	if (open == SPAN_NONE)
		open = span_find(s, SPAN("[color="));
	return bb_tag(s) || (open != SPAN_NONE && (span_has(span_skip(s, open), SPAN("[/COLOR]")) ||
						   span_has(span_skip(s, open), SPAN("[/color]"))));
}

/* "  &lt;TASK&gt;", and nothing else but a stamp: a table's row, which ends in a name, has more. */
static bool is_task_mark(struct span s)
{
	size_t words = 0;
	struct span last = {s.p, 0};

	for (struct span word = span_token(&s); word.n && words < 5; word = span_token(&s), words++)
		last = word;
	return words < 5 &&
	       (span_equal(last, SPAN("&lt;TASK&gt;")) || span_equal(last, SPAN("&lt;/TASK&gt;")));
}

static bool shows_html(struct span s)
{
	size_t address = span_find(s, SPAN("[&lt;ffffffff"));

	return span_starts(s, SPAN("&nbsp;")) || span_starts(s, SPAN("[&nbsp;")) ||
	       span_has(s, SPAN("&nbsp;&nbsp;&nbsp;")) ||
	       (address != SPAN_NONE && span_has(span_skip(s, address + 16), SPAN("&gt;]"))) ||
	       (span_has(s, SPAN("TASK&gt;")) && is_task_mark(s));
}

static void note_kinds(struct markup *m, struct span s)
{
	/* A hard line break of Markdown: the kernel ends these lines with a number or a colon. */
	if (!m->is_backslashed && span_ends(s, SPAN("\\")) &&
	    (span_has(s, SPAN(" invoked oom-killer: ")) || span_has(s, SPAN("Mem-Info:\\"))))
		m->is_backslashed = true;
	if (!m->is_html)
		m->is_html = (span_has_char(s, '&') && shows_html(s)) ||
			     (s.n && *s.p == '<' && html_tag(s) && html_tag(s) < s.n);
	if (!m->is_bbcode)
		m->is_bbcode = span_has_char(s, '[') && shows_bbcode(s);
}

/* A pair that encloses the whole line. */
static bool peel(struct span *s, struct span open, struct span close)
{
	struct span t = span_trim(*s);

	if (t.n < open.n + close.n + 1 || !span_starts(t, open) || !span_ends(t, close))
		return false;
	*s = (struct span){t.p + open.n, t.n - open.n - close.n};
	return true;
}

/* A table's row of one cell: what stands in further ones explains it. */
static bool is_cell(struct span s)
{
	s = span_trim(s);
	return s.n > 4 && !span_has(span_head(span_skip(s, 2), s.n - 4), SPAN(" | "));
}

static const struct {
	struct span text;
	char is;
} entities[] = {
	{SPAN("&nbsp;"), ' '}, {SPAN("&lt;"), '<'},   {SPAN("&gt;"), '>'},
	{SPAN("&amp;"), '&'},  {SPAN("&quot;"), '"'}, {SPAN("&#39;"), '\''},
};

static size_t put_entity(struct strbuf *out, struct span s)
{
	for (size_t i = 0; i < COUNT(entities); i++)
		if (span_starts(s, entities[i].text)) {
			strbuf_putc(out, entities[i].is);
			return entities[i].text.n;
		}
	return 0;
}

/* Markdown's backslashes, where the line's first bracket has one. */
static bool is_escaped(struct span s)
{
	return span_starts(span_ltrim(s), SPAN("\\["));
}

static void put_clean(const struct markup *m, struct span s, struct strbuf *out)
{
	bool escaped = is_escaped(s);

	while (s.n) {
		size_t n = 0;

		if (*s.p == '<' && m->is_html)
			n = html_tag(s);
		else if (*s.p == '[' && m->is_bbcode)
			n = bb_tag(s);
		else if (*s.p == '&' && m->is_html)
			n = put_entity(out, s);
		else if (*s.p == '\\' && escaped && s.n > 1 &&
			 memchr("[]_()*<>`#|=+-.!{}~\\", s.p[1], 21))
			n = 1;
		if (!n) {
			strbuf_putc(out, *s.p);
			n = 1;
		}
		s = span_skip(s, n);
	}
}

struct span markup_strip(struct markup *m, struct span raw, struct strbuf *out)
{
	struct span s = raw;
	bool cut = raw.n && raw.p[raw.n - 1] == '\r';

	s.n -= cut;
	note_kinds(m, span_ltrim(s));
	if (m->is_backslashed && span_ends(s, SPAN("\\")))
		s.n--;
	if (peel(&s, SPAN("`"), SPAN("`")) || peel(&s, SPAN("* `"), SPAN("`")) ||
	    peel(&s, SPAN("- `"), SPAN("`")) || peel(&s, SPAN("`"), SPAN("`\\")) ||
	    peel(&s, SPAN("`"), SPAN("`<br>")) || (is_cell(s) && peel(&s, SPAN("| "), SPAN(" |"))))
		peel(&s, SPAN("`"), SPAN("`"));
	if (!m->is_html && !m->is_bbcode && !is_escaped(s))
		return s.n + cut == raw.n ? raw : s;
	strbuf_clear(out);
	put_clean(m, s, out);
	return (struct span){out->buf, out->len};
}
