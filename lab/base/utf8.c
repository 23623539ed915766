#include "base/utf8.h"

#include "base/text.h"

void utf8_append(struct strbuf *sb, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = text[i] ? text_utf8_length(text + i, len - i) : 0;

		if (n)
			strbuf_append(sb, text + i, n);
		else
			strbuf_printf(sb, "\\x%02x", (unsigned char)text[i]);
		i += n ? n : 1;
	}
}
