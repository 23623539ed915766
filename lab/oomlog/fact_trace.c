#include "oomlog/draft.h"

#include <stdlib.h>

#define FRAMES_MAX 128

/* "[<ffffffff8118d0a2>]" and PowerPC's "[c1ca5d10] [c0327d28]" in front of the symbol. */
static struct span skip_addresses(struct span s)
{
	for (s = span_ltrim(s); s.n && *s.p == '['; s = span_ltrim(s)) {
		const char *end = memchr(s.p, ']', s.n);

		if (!end)
			break;
		s = span_skip(s, (size_t)(end - s.p) + 1);
	}
	return s;
}

static size_t symbol_length(struct span s)
{
	size_t n = 0;

	while (n < s.n && (char_is_alpha(s.p[n]) || char_is_digit(s.p[n]) || s.p[n] == '_' ||
			   s.p[n] == '.' || s.p[n] == '$'))
		n++;
	return n;
}

/* f+0x1/0x2, f (file.c:12), f from g+0x1 (ARM), (f) from [<c010>] (older ARM) */
static bool frame_rest(struct span rest)
{
	return span_starts(rest, SPAN("+0x")) || span_starts(rest, SPAN(" from ")) ||
	       span_starts(rest, SPAN(") from ")) ||
	       (span_starts(rest, SPAN(" (")) && span_has(span_head(rest, 160), SPAN(":")));
}

static void add_frame(struct draft *f, struct span symbol)
{
	struct oomlog_event *ev = &f->event;

	if (ev->trace_count < FRAMES_MAX)
		*ARRAY_PUSH(ev->trace, ev->trace_count, f->trace_capacity) =
			pool_text(&f->pool, symbol);
}

/* "<ffffffff801561f2>{out_of_memory+50} <ffffffff80158230>{__alloc_pages+560}": several a line. */
static bool old_frames(struct draft *f, struct span s)
{
	bool any = false;

	for (s = span_ltrim(s); span_starts(s, SPAN("<")); s = span_ltrim(s)) {
		size_t open = span_find(span_head(s, 24), SPAN(">{")), n;

		if (open == SPAN_NONE)
			break;
		s = span_skip(s, open + 2);
		n = symbol_length(s);
		if (n < 2 || !span_starts(span_skip(s, n), SPAN("+")))
			break;
		add_frame(f, span_head(s, n));
		any = true;
		n = span_find(s, SPAN("}"));
		s = span_skip(s, n == SPAN_NONE ? s.n : n + 1);
	}
	return any;
}

void fact_trace_head(struct draft *f, struct span text)
{
	size_t colon = span_find(text, SPAN(":"));

	if (colon != SPAN_NONE)
		old_frames(f, span_ltrim(span_skip(text, colon + 1)));
}

struct span fact_frame_name(struct span text)
{
	struct span s = skip_addresses(text);

	span_eat(&s, SPAN("("));
	size_t n = symbol_length(s);
	return n > 1 && frame_rest(span_skip(s, n)) ? span_head(s, n) : (struct span){NULL, 0};
}

bool fact_frame(struct draft *f, struct span text)
{
	struct span s = skip_addresses(text);

	if (span_starts(s, SPAN("<TASK>")) || span_starts(s, SPAN("</TASK>")) ||
	    span_starts(s, SPAN("? ")) || span_starts(s, SPAN("<IRQ>")))
		return true;
	if (old_frames(f, s))
		return true;
	span_eat(&s, SPAN("("));
	size_t n = symbol_length(s);
	if (n < 2 || !frame_rest(span_skip(s, n)))
		return false;
	if (!span_has(s, SPAN("(unreliable)")))
		add_frame(f, span_head(s, n));
	return true;
}

/* A hexadecimal number, "0x" or not, "[<" in front or not. */
static bool hex(struct span s, uint64_t *value)
{
	size_t n = 0;

	span_eat(&s, SPAN("[<"));
	span_eat(&s, SPAN("0x"));
	for (*value = 0; n < s.n && n < 16; n++) {
		char c = (char)(s.p[n] | 0x20);

		if (!char_is_digit(s.p[n]) && (c < 'a' || c > 'f'))
			break;
		*value = *value << 4 |
			 (uint64_t)(char_is_digit(s.p[n]) ? s.p[n] - '0' : c - 'a' + 10);
	}
	return n > 0;
}

/* "Code: 48 89 fa <f3> aa 48 ...": the byte in brackets is the first of the instruction. */
static void take_code(struct oomlog_event *ev, struct span text)
{
	size_t at = span_find(text, SPAN("<"));

	if (at == SPAN_NONE)
		return;
	text = span_skip(text, at + 1);
	while (ev->user_code_length < sizeof(ev->user_code) && text.n >= 2) {
		uint64_t byte;

		if (!hex(span_head(text, 2), &byte))
			return;
		ev->user_code[ev->user_code_length++] = (unsigned char)byte;
		text = span_skip(text, 2);
		span_eat(&text, SPAN(">"));
		if (!span_eat(&text, SPAN(" ")))
			return;
	}
}

/* The number behind a register's name, wherever on the line that stands. */
static void take_register(struct span text, struct span name, uint64_t *to)
{
	size_t at = span_find(text, name);
	uint64_t value;

	if (at != SPAN_NONE && !*to && hex(span_skip(text, at + name.n), &value))
		*to = value;
}

void fact_registers(struct draft *f, struct span text, uint64_t line)
{
	struct oomlog_event *ev = &f->event;
	uint64_t value;

	text = span_ltrim(text);
	if (span_starts(text, SPAN("RIP: 0033:")) && !ev->has_registers &&
	    hex(span_skip(text, 10), &value)) {
		ev->user_rip = value;
		ev->has_registers = true;
		ev->lines.registers = line;
	} else if (!ev->has_registers) {
		return;
	} else if (span_starts(text, SPAN("Code: ")) && !ev->user_rsp && !ev->user_code_length) {
		take_code(ev, text);
	} else if (span_starts(text, SPAN("RSP: 002b:")) && !ev->user_rsp &&
		   hex(span_skip(text, 10), &value)) {
		ev->user_rsp = value;
	} else if (ev->user_rsp && span_starts(text, SPAN("RAX: "))) {
		take_register(text, SPAN("RCX: "), &ev->user_rcx);
	} else if (ev->user_rsp && span_starts(text, SPAN("RDX: "))) {
		take_register(text, SPAN("RDI: "), &ev->user_rdi);
	}
}
