#include "klog/kind.h"
#include "klog/table.h"

static bool has_any(struct span s, const struct span *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_has(s, words[i]))
			return true;
	return false;
}
#define HAS_ANY(s, ...)                                  \
	has_any((s), (const struct span[]){__VA_ARGS__}, \
		sizeof((const struct span[]){__VA_ARGS__}) / sizeof(struct span))

static bool only_words(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!char_is_alpha(s.p[i]) && !char_is_digit(s.p[i]) && !char_is_blank(s.p[i]) &&
		    !memchr("_()-", s.p[i], 4))
			return false;
	return true;
}

/* "mapped_file:0KB dirty:49500KB", as the statistics of version 1 go on. */
static bool only_kilobytes(struct span s)
{
	size_t words = 0;

	for (struct span word = span_token(&s); word.n; word = span_token(&s), words++) {
		size_t colon = span_find(word, SPAN(":"));
		struct span value = span_skip(word, colon == SPAN_NONE ? word.n : colon + 1);

		if (!span_digits(value) ||
		    !span_equal(span_skip(value, span_digits(value)), SPAN("KB")))
			return false;
	}
	return words > 0;
}

static bool wants_invoked(struct span text, struct span piece)
{
	if (span_has(text, SPAN("oom_score_adj=")) && char_is_digit(text.p[text.n - 1]))
		return false;
	return HAS_ANY(piece, SPAN("="), SPAN("oom-killer:"));
}

/* It goes on until the number behind "failcnt". */
static bool wants_usage(struct span text, struct span piece)
{
	int64_t failcnt;

	return !span_number_after(text, SPAN("failcnt "), &failcnt) &&
	       (HAS_ANY(piece, SPAN("limit"), SPAN("failcnt"), SPAN("kB")) ||
		char_is_digit(*span_ltrim(piece).p));
}

static bool wants_killed(struct span text, struct span piece)
{
	if (span_has(text, SPAN("oom_score_adj:")) || span_ends(text, SPAN(").")) ||
	    span_has(piece, SPAN("ill process ")))
		return false;
	return HAS_ANY(piece, SPAN("kB"), SPAN("UID:"), SPAN("pgtables:"), SPAN("oom_score_adj:"),
		       SPAN("-rss:"), SPAN("score "), SPAN("total-vm:")) ||
	       span_starts(span_ltrim(piece), SPAN("(")) ||
	       (span_ends(text, SPAN(" score")) && char_is_digit(*span_ltrim(piece).p)) ||
	       span_starts(span_ltrim(piece), SPAN("process ")) || span_ends(text, SPAN("process"));
}

/* A row's numbers; NAME_SEEN and more: a word behind them is none. */
enum { NAME_SEEN = 100 };

static size_t count_numbers(struct span s)
{
	size_t count = 0;

	for (struct span token = span_token(&s); token.n; token = span_token(&s))
		if (span_digits(token) == token.n ||
		    (*token.p == '-' && span_digits(span_skip(token, 1)) == token.n - 1))
			count++;
		else
			return count + NAME_SEEN;
	return count;
}

/* A row goes on until it has all its numbers, at least six after the pid, and a name. */
static bool wants_row(struct span text, struct span piece)
{
	size_t close = span_find(text, SPAN("]"));
	struct span body = close == SPAN_NONE ? text : span_skip(text, close + 1);

	if (span_ends(span_rtrim(text), SPAN("-")) && count_numbers(body) >= NAME_SEEN)
		return !span_has_char(span_trim(piece), ' ') && span_trim(piece).n < 16;
	return count_numbers(body) < NAME_SEEN && piece.n && count_numbers(piece) > 0;
}

static bool wants_summary(struct span text, struct span piece)
{
	return !span_has(text, SPAN(",uid=")) &&
	       (span_has_char(piece, '=') || !span_has_char(span_trim(piece), ' '));
}

static bool wants_task_in(struct span text, struct span piece, bool is_headed)
{
	return !span_has(text, SPAN("limit of /")) &&
	       (is_headed || HAS_ANY(piece, SPAN("limit of"), SPAN("killed as")));
}

static bool wants_task_in_rest(struct span piece, bool is_headed)
{
	return is_headed && (*span_ltrim(piece).p == '/' || span_has(piece, SPAN("limit of")));
}

/* Long lines of a dump have no known end: what is no line of its own continues them. */
static bool wants_dump(struct span piece, bool is_headed)
{
	return is_headed && kind_of(piece) != KIND_STAT && kind_of(piece) != KIND_COUNTERS;
}

static bool wants_other(struct span text, struct span piece)
{
	return kind_begun(text) ||
	       (span_starts(text, SPAN("Tasks in /")) && span_has(piece, SPAN("memory.oom.group")));
}

bool kind_wants(enum kind kind, struct span text, struct span piece, bool is_headed)
{
	if (!span_trim(piece).n)
		return false;
	switch ((int)kind) {
	case KIND_INVOKED:
		return wants_invoked(span_rtrim(text), piece);
	case KIND_KILLED:
	case KIND_CHOSEN:
	case KIND_REAPED:
		return wants_killed(span_rtrim(text), piece);
	case KIND_SUMMARY:
		return wants_summary(text, piece);
	case KIND_TABLE_HEAD:
		return !span_ends(span_rtrim(text), SPAN("name")) && only_words(piece);
	case KIND_ROW:
		return wants_row(text, piece);
	case KIND_TASK_IN:
		return wants_task_in(text, piece, is_headed);
	case KIND_TASK_IN_REST:
		return wants_task_in_rest(piece, is_headed);
	case KIND_TASKS_STATE:
		return span_starts(span_ltrim(piece), SPAN("pages"));
	case KIND_USAGE:
	case KIND_USAGE_OTHER:
		return wants_usage(text, piece);
	case KIND_GROUP:
		return HAS_ANY(piece, SPAN("killed due"), SPAN("oom.group"));
	case KIND_STATS:
		return only_kilobytes(piece) || wants_dump(piece, is_headed);
	case KIND_CPU:
	case KIND_COUNTERS:
	case KIND_NODE:
	case KIND_ZONE:
	case KIND_BUDDY:
	case KIND_HUGEPAGES:
	case KIND_REGISTERS:
	case KIND_PANIC:
		return wants_dump(piece, is_headed);
	default:
		return wants_other(text, piece);
	}
}

static struct span last_word(struct span s)
{
	size_t n = 0;

	while (n < s.n && !char_is_blank(s.p[s.n - 1 - n]))
		n++;
	return span_skip(s, s.n - n);
}

/* "oom_score_ad" + "j name": the halves make a column, the first alone does not. */
static bool table_word_broken(struct span text, struct span piece)
{
	char word[64];
	struct span left = last_word(text), right = span_token(&piece);

	if (!left.n || left.n + right.n > sizeof(word) || table_column(left) != COLUMN_UNKNOWN)
		return false;
	memcpy(word, left.p, left.n);
	memcpy(word + left.n, right.p, right.n);
	return table_column((struct span){word, left.n + right.n}) != COLUMN_UNKNOWN;
}

/* "file-rss:12704k" + "B,", "anon-r" + "ss:4kB": a value or a label broken inside. */
static bool killed_word_broken(struct span text, struct span piece)
{
	static const struct span labels[] = {
		SPAN("total-vm:"),  SPAN("anon-rss:"), SPAN("file-rss:"),
		SPAN("shmem-rss:"), SPAN("pgtables:"), SPAN("oom_score_adj:"),
	};
	struct span left = last_word(text);
	char last = left.n ? left.p[left.n - 1] : ' ';

	if (span_has_char(left, ':') && (char_is_digit(last) || last == 'k'))
		return memchr("0123456789kB", *piece.p, 12) != NULL;
	for (size_t i = 0; left.n && i < sizeof(labels) / sizeof(labels[0]); i++)
		if (left.n < labels[i].n && span_starts(labels[i], left) &&
		    span_starts(piece, span_skip(labels[i], left.n)))
			return true;
	return false;
}

bool kind_glues(enum kind kind, struct span text, struct span piece)
{
	char last = text.n ? text.p[text.n - 1] : ' ', first = *piece.p;

	/* "oom-" + "kill:", "systemd-" + "journal": mail breaks behind hyphens. */
	if (last == '-' && (kind == KIND_OTHER || kind == KIND_ROW))
		return true;
	if (kind == KIND_SUMMARY ||
	    (span_starts(text, SPAN("Tasks in /")) && !span_has(text, SPAN(" are"))))
		return true;
	if (kind == KIND_TABLE_HEAD)
		return table_word_broken(text, piece);
	if (kind == KIND_INVOKED && last != ',' && last != ':' && !span_ends(text, SPAN("invoked")))
		return true;
	if (kind == KIND_KILLED && killed_word_broken(text, piece))
		return true;
	if (kind == KIND_TASK_IN && !span_has(text, SPAN(" ki")) && last != ' ')
		return !span_starts(piece, SPAN("killed"));
	return first == ':' || (first == '=' && last != ' ') ||
	       (kind == KIND_KILLED && last == ':');
}
