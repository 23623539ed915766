#include <string.h>

#include "base/text.h"
#include "report/emit.h"

/* Code point of the valid sequence of n bytes at p. */
static unsigned int code_point(const unsigned char *p, size_t n)
{
	static const unsigned char first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	unsigned int c = p[0] & first_mask[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

/* C0, DEL, C1, line and paragraph separators, and what reorders or hides text. */
static bool is_invisible(unsigned int c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

void emit_visible(struct strbuf *out, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		size_t n = text_utf8_length(text + i, len - i);
		unsigned int c = n ? code_point((const unsigned char *)text + i, n) : 0;

		if (n && !is_invisible(c))
			strbuf_append(out, text + i, n);
		else if (!n || c < 0x80)
			strbuf_printf(out, "\\x%02x", (unsigned char)text[i]);
		else
			strbuf_printf(out, "\\u{%04x}", c);
		i += n ? n : 1;
	}
}
