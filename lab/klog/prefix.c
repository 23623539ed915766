#include "klog/prefix.h"

#include "klog/kind.h"

/* Lines that only a dump has. Those of the kill itself are quoted everywhere. */
static const bool of_dump[KIND_COUNT] = {
	[KIND_CPU] = true,	  [KIND_TASK_IN] = true,     [KIND_USAGE] = true,
	[KIND_TABLE_HEAD] = true, [KIND_ROW] = true,	     [KIND_USAGE_OTHER] = true,
	[KIND_STATS] = true,	  [KIND_TASKS_STATE] = true, [KIND_MEMINFO] = true,
	[KIND_COUNTERS] = true,	  [KIND_NODE] = true,	     [KIND_ZONE] = true,
	[KIND_BUDDY] = true,	  [KIND_SWAP] = true,	     [KIND_PAGES] = true,
	[KIND_RESERVE] = true,	  [KIND_TRACE_HEAD] = true,  [KIND_FRAME] = true,
};

/* Lines of a kill that may come before its dump. */
static const bool of_kill[KIND_COUNT] = {
	[KIND_INVOKED] = true, [KIND_SUMMARY] = true, [KIND_CHOSEN] = true,
	[KIND_KILLED] = true,  [KIND_GROUP] = true,   [KIND_REAPED] = true,
};

void prefix_init(struct prefix *p)
{
	*p = (struct prefix){.held = STRBUF_INIT};
}

void prefix_release(struct prefix *p)
{
	strbuf_release(&p->held);
}

/* Adds a byte to a shape; false: it is too long. */
static bool put_shape(char shape[PREFIX_MAX], size_t *n, char c)
{
	c = char_is_digit(c) ? '9' : c;
	if (c == '9' && *n && shape[*n - 1] == '9')
		return true;
	if (*n == PREFIX_MAX)
		return false;
	shape[(*n)++] = c;
	return true;
}

/* Where in s a message of a dump begins that has something in front, and its kind; or SPAN_NONE. */
static size_t find_message(struct span s, enum kind *kind)
{
	for (size_t at = 1; at < s.n && at < PREFIX_MAX; at++) {
		char before = s.p[at - 1];

		if (memchr("\"'`{", before, 4))
			return SPAN_NONE;
		if (char_is_blank(s.p[at]) ||
		    (!char_is_blank(before) && !memchr(":|]>", before, 4)))
			continue;
		*kind = kind_of(span_skip(s, at));
		if (of_dump[*kind] || of_kill[*kind])
			return at;
	}
	return SPAN_NONE;
}

/* Paths have a kind of their own, and may stand in front, too. */
static bool is_unknown(enum kind kind)
{
	return kind == KIND_OTHER || kind == KIND_TASK_IN_REST;
}

/* "web_1  | hog invoked oom-killer: gfp_mask=...": what is a name the other lines tell. */
static bool may_hide_name(struct span s)
{
	size_t at = span_find(span_head(s, PREFIX_MAX + 40), SPAN(" invoked oom-killer: "));

	return at != SPAN_NONE && span_has_char(span_head(span_ltrim(s), at), ' ');
}

bool prefix_takes(const struct prefix *p, struct span text)
{
	enum kind kind = kind_of(text);

	if (p->is_giving)
		return false;
	if (kind == KIND_INVOKED)
		return may_hide_name(text);
	return is_unknown(kind) && (may_hide_name(text) || find_message(text, &kind) != SPAN_NONE);
}

/* Counts the kind of a dump's line behind its prefix; another prefix begins anew. */
static void weigh(struct prefix *p, struct span text)
{
	char shape[PREFIX_MAX];
	size_t n = 0, at;
	enum kind kind = kind_of(text);

	if (!is_unknown(kind))
		return;
	at = find_message(text, &kind);
	if (at == SPAN_NONE || !of_dump[kind])
		return;
	text = span_rtrim(span_head(text, at));
	for (size_t i = 0; i < text.n; i++)
		if (!put_shape(shape, &n, text.p[i]))
			return;
	if (n != p->candidate_n || memcmp(shape, p->candidate, n) != 0) {
		memcpy(p->candidate, shape, n);
		p->candidate_n = n;
		p->kinds = 0;
	}
	p->kinds |= UINT64_C(1) << kind;
}

void prefix_decide(struct prefix *p)
{
	if (__builtin_popcountll(p->kinds) >= PREFIX_KINDS) {
		memcpy(p->proven, p->candidate, p->candidate_n);
		p->proven_n = p->candidate_n;
	}
	p->is_giving = p->is_holding;
}

void prefix_add(struct prefix *p, struct span text, uint64_t number, bool plain, bool headed)
{
	p->is_holding = true;
	p->lines[p->count++] = (struct prefix_line){p->held.len, text.n, number, plain};
	strbuf_append(&p->held, text.p, text.n);
	if (!headed)
		weigh(p, text);
	if (p->count == PREFIX_LINES || __builtin_popcountll(p->kinds) >= PREFIX_KINDS)
		prefix_decide(p);
}

bool prefix_next(struct prefix *p, struct span *text, uint64_t *number, bool *plain)
{
	const struct prefix_line *line = &p->lines[p->next];

	if (!p->is_giving)
		return false;
	if (p->next == p->count) {
		strbuf_clear(&p->held);
		p->count = p->next = p->candidate_n = 0;
		p->kinds = 0;
		p->is_holding = p->is_giving = false;
		return false;
	}
	*text = (struct span){p->held.buf + line->at, line->n};
	*number = line->number;
	*plain = line->plain;
	p->next++;
	return true;
}

struct span prefix_strip(const struct prefix *p, struct span text)
{
	size_t at = 0, n = 0;

	for (; p->proven_n && at < text.n; at++) {
		char c = char_is_digit(text.p[at]) ? '9' : text.p[at];

		if (c == '9' && n && p->proven[n - 1] == '9')
			continue;
		if (n == p->proven_n)
			break;
		if (c != p->proven[n++])
			return text;
	}
	if (n < p->proven_n || !n)
		return text;
	text = span_skip(text, at);
	return span_skip(text, text.n && *text.p == ' ');
}
