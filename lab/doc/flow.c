#include "doc/flow.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "doc/emit.h"

size_t flow_columns(const char *text, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

void flow_styled(const struct flow *f, const char *style, const char *text, size_t len)
{
	bool on = f->colour && *style && len;

	if (on)
		strbuf_puts(f->out, style);
	strbuf_append(f->out, text, len);
	if (on)
		strbuf_puts(f->out, "\033[0m");
}

struct flow_piece flow_visible(struct strbuf *sb, const char *text)
{
	size_t len = strlen(text);

	if (text_is_plain(text, len))
		return (struct flow_piece){text, text + len, true};
	emit_visible(sb, text);
	return (struct flow_piece){sb->buf, sb->buf + sb->len, false};
}

size_t flow_width(const struct flow_piece *t)
{
	size_t len = (size_t)(t->end - t->at);

	return t->is_ascii ? len : flow_columns(t->at, len);
}

/* The blank is between a number and its unit ("64 MiB", "99.8 %"), where no line breaks. */
static bool is_in_amount(const char *from, const char *space)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "bytes", "%",
					    "ms",  "us",  "s",	 "min", "kB"};
	const char *word;
	size_t unit;

	if (space == from || !strchr("0123456789.", space[-1]))
		return false;
	word = memrchr(from, ' ', (size_t)(space - from));
	word = word ? word + 1 : from;
	word += strspn(word, "(");
	if (word + strspn(word, "0123456789.") != space)
		return false;
	unit = strspn(space + 1, "KMGTiBbytesmunk%");
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i]) == unit && !strncmp(space + 1, units[i], unit))
			return true;
	return false;
}

/* Behind as many characters as `room` columns hold, or the end. */
static const char *line_end(const struct flow_piece *t, size_t room)
{
	const char *at = t->at;

	if ((size_t)(t->end - at) <= room)
		return t->end;
	if (t->is_ascii)
		return at + room;
	for (size_t columns = 0; at < t->end; at++) {
		columns += ((unsigned char)*at & 0xc0) != 0x80;
		if (columns > room)
			break;
	}
	return at;
}

/* Bytes of the words that the line has room for; 0: not even one. */
static size_t fitting_bytes(const struct flow *f, const struct flow_piece *t)
{
	size_t used = f->column ? f->column + 1 : strlen(f->prefix);
	const char *full = line_end(t, used < f->width ? f->width - used : 0), *space;

	if (full == t->end)
		return (size_t)(t->end - t->at);
	space = memrchr(t->at, ' ', (size_t)(full - t->at) + 1);
	while (space && is_in_amount(t->at, space))
		space = memrchr(t->at, ' ', (size_t)(space - t->at));
	return space ? (size_t)(space - t->at) : 0;
}

static size_t first_word(const struct flow_piece *t)
{
	const char *space = memchr(t->at, ' ', (size_t)(t->end - t->at));

	if (space && is_in_amount(t->at, space))
		space = memchr(space + 1, ' ', (size_t)(t->end - space - 1));
	return (size_t)((space ? space : t->end) - t->at);
}

static void put_words(struct flow *f, const char *style, struct flow_piece words)
{
	if (f->column) {
		strbuf_putc(f->out, ' ');
		f->column++;
	} else {
		strbuf_puts(f->out, f->lead ? f->lead : f->prefix);
		f->column = strlen(f->prefix);
		f->lead = NULL;
	}
	flow_styled(f, style, words.at, (size_t)(words.end - words.at));
	f->column += flow_width(&words);
}

/* The words of t have one blank between each two. */
static void flow_words(struct flow *f, const char *style, struct flow_piece t)
{
	while (t.at < t.end) {
		size_t n = fitting_bytes(f, &t);

		if (!n && f->column) {
			strbuf_putc(f->out, '\n');
			f->column = 0;
			continue;
		}
		n = n ? n : first_word(&t);
		put_words(f, style, (struct flow_piece){t.at, t.at + n, t.is_ascii});
		t.at += n + (t.at + n < t.end);
	}
}

void flow_text(struct flow *f, const char *style, const char *text)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	struct flow_piece t = flow_visible(&sb, text);

	for (;;) {
		const char *gap;

		t.at += strspn(t.at, " ");
		gap = strstr(t.at, "  ");
		if (!gap)
			break;
		flow_words(f, style, (struct flow_piece){t.at, gap, t.is_ascii});
		t.at = gap;
	}
	while (t.end > t.at && t.end[-1] == ' ')
		t.end--;
	flow_words(f, style, t);
}

void flow_end(struct flow *f)
{
	if (f->column)
		strbuf_putc(f->out, '\n');
	f->column = 0;
}

struct flow flow_on(const struct flow *like, const char *prefix)
{
	struct flow flow = *like;

	flow.prefix = prefix;
	flow.lead = NULL;
	flow.column = 0;
	return flow;
}

void flow_pad(const struct flow *f, size_t from, size_t to)
{
	static const char blanks[] = "                                ";

	while (from < to) {
		size_t n = to - from < sizeof(blanks) - 1 ? to - from : sizeof(blanks) - 1;

		strbuf_append(f->out, blanks, n);
		from += n;
	}
}
