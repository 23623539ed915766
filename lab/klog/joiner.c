#include "klog/joiner.h"

#include <stdlib.h>

#include "klog/escapes.h"

/* Kernel records end at about 1 KiB; a longer physical line holds several, joined by a tracker. */
#define SINGLE_MAX 1100

void joiner_init(struct joiner *j, message_fn *sink, void *ctx)
{
	*j = (struct joiner){.sink = sink, .ctx = ctx, .text = STRBUF_INIT, .raw = STRBUF_INIT};
	j->scratch = xcalloc(1, JOINER_TEXT_MAX);
	carrier_init(&j->carrier);
	prefix_init(&j->prefix);
}

void joiner_release(struct joiner *j)
{
	strbuf_release(&j->text);
	strbuf_release(&j->raw);
	free(j->scratch);
	carrier_release(&j->carrier);
	prefix_release(&j->prefix);
}

/* Messages of these kinds may hold several lines, which are messages of their own. */
static bool holds_lines(enum kind kind)
{
	return kind == KIND_STATS || kind == KIND_COUNTERS || kind == KIND_MEMINFO ||
	       kind == KIND_TASKS_STATE || kind == KIND_STAT;
}

/* The first of several lines tells the kind of all. */
static bool holds_octal_lines(const struct joiner *j)
{
	struct span text = {j->text.buf, j->text.len};
	size_t at = span_find(text, SPAN("#012"));

	return at != SPAN_NONE &&
	       (holds_lines(j->pending.kind) || holds_lines(kind_of(span_head(text, at))));
}

static void hand_on(struct joiner *j, struct span text)
{
	j->pending.killer = j->pending.kind == KIND_OTHER ? killer_of(text) : KILLER_NONE;
	j->pending.text = text;
	j->pending.wall = (struct span){j->wall, j->wall_len};
	j->sink(j->ctx, &j->pending);
}

/*
 * Offset of another kill line that ran into the one in s, or s.n: "Killed process 7 (a)Out of
 * memory: kill process 9 (b) score 1". A name is too short to hold its words.
 */
static size_t next_kill(struct span s)
{
	static const struct span first[] = {SPAN("Memory cgroup out of memory: "),
					    SPAN("Out of memory: ")};
	size_t own = span_find(s, SPAN("ill")), start = own == SPAN_NONE ? s.n : own + 12, at;

	for (struct span rest = span_skip(s, start);; rest = span_skip(s, start)) {
		at = span_find(rest, SPAN("illed process "));
		size_t other = span_find(rest, SPAN("ill process "));

		at = other < at ? other : at;
		if (at == SPAN_NONE)
			return s.n;
		start += at + (other == at ? 12 : 14);
		if (span_digits(span_skip(s, start)))
			break;
	}
	at = start - (span_ends(span_head(s, start), SPAN("illed process ")) ? 15 : 13);
	for (size_t i = 0; i < 2; i++)
		if (span_ends(span_head(s, at), first[i]))
			return at - first[i].n;
	return at;
}

static void hand_on_kills(struct joiner *j, struct span text)
{
	while (text.n) {
		size_t n = next_kill(text);

		hand_on(j, span_head(text, n));
		text = span_skip(text, n);
		if (text.n)
			j->pending.kind = kind_of(text);
	}
}

static void hand_on_lines(struct joiner *j, struct span text)
{
	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end ? (size_t)(end - text.p) : text.n;

		j->pending.kind = kind_of(span_head(text, n));
		hand_on(j, span_head(text, n));
		text = span_skip(text, n + 1);
	}
}

static void hand_on_pending(struct joiner *j)
{
	if (!j->open)
		return;
	bool decodes = true;

	j->open = false;
	if (j->escaped && span_has_char((struct span){j->text.buf, j->text.len}, '\\'))
		j->text.len = escapes_decode_hex(j->text.buf, j->text.len);
	else if (holds_octal_lines(j))
		j->text.len = escapes_decode_octal(j->text.buf, j->text.len);
	else
		decodes = false;
	struct span text = {j->text.buf, j->text.len};
	const char *newline = text.n && (decodes || !j->text_plain) ? memchr(text.p, '\n', text.n)
								    : NULL;
	if (newline && j->pending.kind == KIND_OTHER)
		j->pending.kind = kind_of(span_head(text, (size_t)(newline - text.p)));
	if (j->pending.kind == KIND_KILLED || j->pending.kind == KIND_CHOSEN)
		hand_on_kills(j, text);
	else if (holds_lines(j->pending.kind) && (newline || j->columns != j->last_columns))
		hand_on_lines(j, text);
	else
		hand_on(j, text);
}

static void begin(struct joiner *j, const struct line *line, uint64_t number)
{
	j->open = true;
	j->text_plain = j->plain;
	j->headed = line->headed;
	j->escaped = line->escaped;
	j->columns = j->last_columns = line->columns;
	j->indent = line->indent;
	strbuf_clear(&j->text);
	strbuf_append(&j->text, line->text.p, line->text.n);
	j->wall_len = line->wall.n < sizeof(j->wall) ? line->wall.n : sizeof(j->wall);
	if (j->wall_len)
		memcpy(j->wall, line->wall.p, j->wall_len);
	j->pending =
		(struct message){.line = number, .time_ns = line->time_ns, .caller = line->caller};
	j->pending.kind = kind_of(line->text);
}

/* True when a terminal broke the line before this piece, so that no blank was lost there. */
static bool is_hard_wrap(const struct joiner *j)
{
	static const size_t usual[] = {80, 100, 120, 132, 160};
	const struct wrap *w = &j->wrap;

	if (j->columns == j->hard_columns)
		return true;
	if (j->last_columns != w->width || w->at_width * 4 < w->breaks * 3)
		return false;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (w->width == usual[i])
			return true;
	return w->width == w->proven;
}

static void count_break(struct joiner *j, const struct line *line)
{
	struct wrap *w = &j->wrap;
	enum kind kind = kind_of(line->text);

	if (!j->headed || j->last_columns < 60 || !line->text.n || kind == KIND_STAT ||
	    kind == KIND_COUNTERS)
		return;
	w->breaks++;
	if (j->last_columns > w->width) {
		w->width = j->last_columns;
		w->at_width = 0;
	}
	w->at_width += j->last_columns == w->width;
}

static void append(struct joiner *j, const struct line *line)
{
	struct span text = {j->text.buf, j->text.len}, piece = span_ltrim(line->text);
	struct span whole = span_rtrim(text);
	size_t indent = line->text.n - piece.n;
	bool has_blank = whole.n < text.n || (indent && indent != j->indent);
	bool is_glued = kind_glues(j->pending.kind, whole, piece) &&
			!(has_blank && j->pending.kind == KIND_TABLE_HEAD);

	if (is_glued && !has_blank) {
		j->hard_columns = j->columns;
		j->wrap.proven = j->last_columns;
	}
	j->text.len = whole.n;
	if (has_blank ? !is_glued : !is_glued && !is_hard_wrap(j))
		strbuf_putc(&j->text, ' ');
	j->text_plain &= j->plain;
	j->columns += line->columns;
	j->last_columns = line->columns;
	strbuf_append(&j->text, piece.p, piece.n);
	if (j->pending.kind == KIND_OTHER || j->pending.kind == KIND_TASK_IN_REST)
		j->pending.kind = kind_of((struct span){j->text.buf, j->text.len});
}

/*
 * The text is of no kind by itself but is with the piece: "Out of memory:" + "Killed process 1",
 * "hog" + "invoked oom-killer:", "?" + "f+0x1/0x2".
 */
static bool completes_marker(const struct joiner *j, struct span piece)
{
	struct span text = span_trim((struct span){j->text.buf, j->text.len});

	if (span_starts(span_ltrim(piece), SPAN("invoked oom-killer:")))
		return text.n && text.n < 16;
	if (j->headed && kind_of(piece) == KIND_INVOKED && span_has(piece, SPAN(" invoked")))
		return text.n && text.n + span_find(piece, SPAN(" invoked")) < 15;
	if (span_equal(text, SPAN("?")))
		return kind_of(piece) == KIND_FRAME;
	return text.n > 3 && kind_wants(KIND_OTHER, text, piece, j->headed);
}

/* "[<ffffffff812729cf>]" or "[<...>] ?": the symbol is on the next line. */
static bool is_open_frame(struct span text)
{
	text = span_rtrim(text);
	return span_ends(text, SPAN(">]")) || span_ends(text, SPAN(">] ?"));
}

/* The piece is a message of its own kind; a path and "failcnt 9" may be continuations. */
static bool is_own_message(const struct joiner *j, struct span piece)
{
	enum kind kind = kind_of(piece);

	if (kind == KIND_STAT && span_starts(span_ltrim(piece), SPAN("failcnt ")))
		return false;
	return kind != KIND_OTHER && !(kind == KIND_TASK_IN_REST && j->headed);
}

static bool continues(const struct joiner *j, const struct line *line)
{
	struct span text = {j->text.buf, j->text.len}, piece = line->text;

	if (!j->open || line->headed || !span_trim(piece).n || j->text.len > JOINER_TEXT_MAX)
		return false;
	if (j->headed && is_hard_wrap(j) && kind_of(piece) != KIND_STAT)
		return true;
	if (j->pending.kind == KIND_FRAME)
		return is_open_frame(text) &&
		       (kind_of(piece) == KIND_FRAME || span_equal(span_trim(piece), SPAN("?")));
	if (j->pending.kind == KIND_OTHER)
		return completes_marker(j, piece);
	if (is_own_message(j, piece))
		return false;
	return kind_wants(j->pending.kind, text, piece, j->headed);
}

/* " SUBSYSTEM=memory": a line of the dictionary behind a record of /dev/kmsg. */
static bool is_dictionary(const struct joiner *j, const struct line *line)
{
	struct span s = line->text;

	return j->open && j->escaped && !line->headed && s.n > 2 && *s.p == ' ' && s.p[1] >= 'A' &&
	       s.p[1] <= 'Z' && span_has_char(span_head(s, 32), '=');
}

static void take_record(struct joiner *j, struct span raw, uint64_t number);

/* Nothing follows the header, or it is broken inside a stamp: "kernel: [" + "139.201] text". */
static bool is_dangling(const struct line *line)
{
	struct span text = span_trim(line->text);

	return line->headed && (!text.n || (*text.p == '[' && !span_has_char(text, ']')));
}

static bool take_dangling(struct joiner *j, struct span raw, uint64_t number)
{
	struct line line;
	struct strbuf whole = STRBUF_INIT;

	line_strip(&line, raw, j->plain, j->scratch, j->known);
	j->dangling = false;
	if (line.headed || !span_trim(line.text).n)
		return false;
	strbuf_append(&whole, j->raw.buf, j->raw.len);
	count_break(j, &line);
	if (!is_hard_wrap(j))
		strbuf_putc(&whole, ' ');
	strbuf_append(&whole, line.text.p, line.text.n);
	j->open = j->plain = false;
	take_record(j, (struct span){whole.buf, whole.len}, number - 1);
	j->last_columns = line.columns;
	strbuf_release(&whole);
	return true;
}

/* journalctl -o verbose: the date stands in a line of its own, "Thu 2023-02-02 11:49:13 CET [s=". */
static void take_verbose_date(struct joiner *j, struct line *line, struct span raw)
{
	if (line->wall.n && line->wall.n < sizeof(j->verbose) &&
	    span_has(span_head(line->text, 12), SPAN("[s="))) {
		j->verbose_len = line->wall.n;
		memcpy(j->verbose, line->wall.p, line->wall.n);
	} else if (j->verbose_len && !line->wall.n &&
		   span_starts(span_ltrim(raw), SPAN("MESSAGE="))) {
		line->wall = (struct span){j->verbose, j->verbose_len};
	}
}

/* Another program's line, headers and all, if it tells of another killer. */
static void hand_on_foreign(struct joiner *j, const struct line *line, struct span raw,
			    uint64_t number)
{
	struct message m = {
		.text = raw,
		.wall = line->wall,
		.line = number,
		.time_ns = line->time_ns,
		.caller = ABSENT,
		.killer = killer_of(raw),
	};

	if (m.killer)
		j->sink(j->ctx, &m);
}

/* Gives the lines back that were held for a prefix, once it is decided whether they have one. */
static void give_back(struct joiner *j)
{
	struct span text;
	uint64_t number;

	while (prefix_next(&j->prefix, &text, &number, &j->plain))
		take_record(j, text, number);
}

/* Takes off a program's prefix that is known. True: the line is held, as it may have one. */
static bool take_prefixed(struct joiner *j, struct line *line, struct span raw, uint64_t number)
{
	bool headed = line->headed || line->foreign;
	struct span rest = headed ? line->text : prefix_strip(&j->prefix, line->text);

	if (prefix_holds(&j->prefix)) {
		prefix_add(&j->prefix, headed ? raw : line->text, number, j->plain, headed);
		give_back(j);
		return true;
	}
	if (rest.n < line->text.n)
		line_strip(line, rest, j->plain, j->scratch, j->known);
	else if (!headed && !j->headed && prefix_takes(&j->prefix, line->text))
		prefix_add(&j->prefix, line->text, number, j->plain, false);
	return prefix_holds(&j->prefix);
}

static void take_record(struct joiner *j, struct span raw, uint64_t number)
{
	struct line line;

	raw = span_head(raw, JOINER_TEXT_MAX);
	if (!prefix_holds(&j->prefix) && j->dangling && take_dangling(j, raw, number))
		return;
	line_strip(&line, raw, j->plain, j->scratch, j->known);
	if (take_prefixed(j, &line, raw, number))
		return;
	take_verbose_date(j, &line, raw);
	if (is_dictionary(j, &line))
		return;
	if (!line.headed && j->foreign && j->kernel_headed)
		return;
	if (j->open && !line.headed)
		count_break(j, &line);
	if (!line.foreign && continues(j, &line)) {
		append(j, &line);
		return;
	}
	hand_on_pending(j);
	j->foreign = line.foreign;
	if (line.foreign) {
		hand_on_foreign(j, &line, raw, number);
		return;
	}
	j->kernel_headed |= line.headed;
	begin(j, &line, number);
	j->dangling = is_dangling(&line);
	if (j->dangling) {
		strbuf_clear(&j->raw);
		strbuf_append(&j->raw, raw.p, raw.n - (raw.n && raw.p[raw.n - 1] == '\r'));
	}
}

/* Offset of the next "[ 123.456789]" behind the first byte, or the length of s. */
static size_t next_stamp(struct span s)
{
	for (size_t i = 1; i + 10 < s.n; i++) {
		const char *open = memchr(s.p + i, '[', s.n - i);

		if (!open)
			break;
		i = (size_t)(open - s.p);
		struct span at = span_ltrim(span_skip(s, i + 1));
		size_t digits = span_digits(at);
		at = span_skip(at, digits);
		if (digits && span_eat(&at, SPAN(".")) && span_digits(at) == 6 && at.n > 6 &&
		    at.p[6] == ']')
			return i;
	}
	return s.n;
}

/*
 * True when a physical line has several records. In a short line a stamp may be part of a name or
 * a path, unless a message of a dump follows it: a name is too short for one, a path is not.
 */
static bool is_joined(struct span raw, size_t next)
{
	static const bool has_path[KIND_COUNT] = {
		[KIND_SUMMARY] = true, [KIND_SUMMARY_REST] = true, [KIND_TASK_IN] = true,
		[KIND_STATS] = true,   [KIND_TASK_IN_REST] = true, [KIND_GROUP] = true,
	};
	size_t close;

	if (raw.n > SINGLE_MAX || next == raw.n)
		return next < raw.n;
	close = span_find(raw, SPAN("] "));
	/* Three stamps or more are several records, whatever the first is. */
	if (close < next && has_path[kind_of(span_skip(raw, close + 2))] &&
	    next + next_stamp(span_skip(raw, next)) >= raw.n)
		return false;
	raw = span_skip(raw, next);
	close = span_find(raw, SPAN("] "));
	return close != SPAN_NONE && kind_of(span_skip(raw, close + 2)) != KIND_OTHER;
}

/* Where the second record begins. The first one's stamp may stand behind other headers. */
static size_t next_record(struct span raw)
{
	struct span first = span_ltrim(raw);
	size_t own = 0;

	if (!span_eat(&first, SPAN("[")) || !span_digits(span_ltrim(first)))
		own = next_stamp(raw);

	return own + next_stamp(span_skip(raw, own));
}

static void take_line(struct joiner *j, struct span raw, uint64_t number)
{
	size_t next = next_record(raw);

	if (!is_joined(raw, next)) {
		take_record(j, raw, number);
		return;
	}
	while (raw.n) {
		struct span piece = span_rtrim(span_head(raw, next));

		if (span_ends(piece, SPAN("\\n")))
			piece.n -= 2;
		take_record(j, piece, number);
		raw = span_skip(raw, next);
		next = next_stamp(raw);
	}
}

static void take_carried(struct joiner *j, enum carried carried, struct span text, uint64_t number)
{
	if (carried == CARRIED_NOTHING)
		return;
	j->plain = j->carrier.is_plain;
	if (carried == CARRIED_LINE) {
		take_line(j, text, number);
		return;
	}
	hand_on_pending(j);
	take_record(j, text, number);
	hand_on_pending(j);
}

void joiner_line(struct joiner *j, struct span raw, uint64_t number)
{
	enum carried carried = carrier_take(&j->carrier, &raw, &number);

	take_carried(j, carried, raw, number);
}

void joiner_flush(struct joiner *j)
{
	struct span rest;
	uint64_t number;
	enum carried carried = carrier_rest(&j->carrier, &rest, &number);

	take_carried(j, carried, rest, number);
	prefix_decide(&j->prefix);
	give_back(j);
	hand_on_pending(j);
}
