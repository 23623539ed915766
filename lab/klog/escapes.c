#include "klog/escapes.h"

#include "klog/span.h"

size_t escapes_decode_hex(char *p, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < n;) {
		const char *next = memchr(p + i, '\\', n - i);
		size_t plain = next ? (size_t)(next - p) - i : n - i;

		memmove(p + out, p + i, plain);
		out += plain;
		i += plain;
		if (i + 3 < n && p[i + 1] == 'x' && char_hex_digit(p[i + 2]) >= 0 &&
		    char_hex_digit(p[i + 3]) >= 0) {
			p[out++] = (char)(char_hex_digit(p[i + 2]) * 16 + char_hex_digit(p[i + 3]));
			i += 4;
		} else if (i < n) {
			p[out++] = p[i++];
		}
	}
	return out;
}

size_t escapes_decode_octal(char *p, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '#' && i + 3 < n && memcmp(p + i, "#012", 4) == 0) {
			p[out++] = '\n';
			i += 3;
		} else {
			p[out++] = p[i];
		}
	}
	return out;
}
