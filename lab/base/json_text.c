#include "base/json_text.h"

#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

/*
 * Makes room for n bytes and a comma, which is written unless this is the first member or element,
 * or the value of a key. Returns where to write.
 */
static char *begin(struct strbuf *sb, size_t n)
{
	char last = sb->len ? sb->buf[sb->len - 1] : '[';

	strbuf_reserve(sb, n + 1);
	if (last != '{' && last != '[' && last != ':')
		sb->buf[sb->len++] = ',';
	return sb->buf + sb->len;
}

static void end(struct strbuf *sb, char *at)
{
	*at = '\0';
	sb->len = (size_t)(at - sb->buf);
}

void json_text_open(struct strbuf *sb, char bracket)
{
	char *at = begin(sb, 1);

	*at = bracket;
	end(sb, at + 1);
}

void json_text_close(struct strbuf *sb, char bracket)
{
	strbuf_putc(sb, bracket);
}

static bool is_plain(char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

/* Bytes at the front that stand for themselves in a JSON string: ASCII without escapes. */
static size_t plain_length(const char *text, size_t len)
{
	size_t n = 0;
	uint64_t word, quote, slash;

	for (; n + sizeof(word) <= len; n += sizeof(word)) {
		memcpy(&word, text + n, sizeof(word));
		quote = word ^ EACH_BYTE('"');
		slash = word ^ EACH_BYTE('\\');
		/* A byte below its limit borrows from its highest bit. */
		if (((word - EACH_BYTE(0x20)) | (quote - EACH_BYTE(1)) | (slash - EACH_BYTE(1)) |
		     word) &
		    EACH_BYTE(0x80))
			break;
	}
	while (n < len && is_plain(text[n]))
		n++;
	return n;
}

static void put_escaped(struct strbuf *sb, char c)
{
	static const char from[] = "\"\\\n\r\t\b\f", to[] = "\"\\nrtbf";
	const char *hit = memchr(from, c, sizeof(from) - 1);

	if (hit)
		strbuf_append(sb, (const char[]){'\\', to[hit - from]}, 2);
	else
		strbuf_printf(sb, "\\u%04X", (unsigned int)c);
}

/* Writes what utf8_append() lets pass. */
static void put_escapes(struct strbuf *sb, const char *text, size_t len)
{
	while (len) {
		size_t n = 0;

		while (n < len && (is_plain(text[n]) || (unsigned char)text[n] >= 0x80))
			n++;
		strbuf_append(sb, text, n);
		if (n < len)
			put_escaped(sb, text[n++]);
		text += n;
		len -= n;
	}
}

static bool is_ascii(const char *text)
{
	while (*text > 0)
		text++;
	return !*text;
}

void json_text_key(struct strbuf *sb, const char *key)
{
	size_t len = strlen(key);
	char *at = begin(sb, len + 3);

	*at++ = '"';
	at = mempcpy(at, key, len);
	*at++ = '"';
	*at++ = ':';
	end(sb, at);
}

void json_text_key_of(struct strbuf *sb, const char *text)
{
	json_text_string(sb, text);
	strbuf_putc(sb, ':');
}

void json_text_string(struct strbuf *sb, const char *text)
{
	size_t len = strlen(text), n = plain_length(text, len);
	_cleanup_strbuf_ struct strbuf clean = STRBUF_INIT;
	char *at = begin(sb, len + 2);

	*at++ = '"';
	end(sb, mempcpy(at, text, n));
	if (n < len && is_ascii(text + n)) {
		put_escapes(sb, text + n, len - n);
	} else if (n < len) {
		utf8_append(&clean, text + n, len - n);
		put_escapes(sb, clean.buf, clean.len);
	}
	strbuf_putc(sb, '"');
}

void json_text_number(struct strbuf *sb, int64_t value)
{
	char *at = begin(sb, TEXT_NUMBER_MAX + 1);

	*at = '-';
	at += value < 0;
	text_number(at, value < 0 ? -(uint64_t)value : (uint64_t)value);
	end(sb, at + strlen(at));
}

void json_text_bool(struct strbuf *sb, bool value)
{
	end(sb, stpcpy(begin(sb, sizeof("false")), value ? "true" : "false"));
}
