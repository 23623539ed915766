#include <string.h>

#include "base/text.h"
#include "doc/emit.h"

void emit_visible(struct strbuf *out, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		size_t n = text_utf8_length(text + i, len - i);
		unsigned int c = n ? text_code_point(text + i, n) : 0;

		if (n && !text_is_invisible(c))
			strbuf_append(out, text + i, n);
		else if (!n || c < 0x80)
			strbuf_printf(out, "\\x%02x", (unsigned char)text[i]);
		else
			strbuf_printf(out, "\\u{%04x}", c);
		i += n ? n : 1;
	}
}
