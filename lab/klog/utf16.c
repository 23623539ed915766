#include "klog/utf16.h"

void utf16_put(struct strbuf *out, unsigned int code)
{
	if (code < 0x80) {
		strbuf_putc(out, (char)code);
		return;
	}
	if (code < 0x800) {
		strbuf_putc(out, (char)(0xc0 | code >> 6));
	} else if (code < 0x10000) {
		strbuf_putc(out, (char)(0xe0 | code >> 12));
		strbuf_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
	} else {
		strbuf_putc(out, (char)(0xf0 | code >> 18));
		strbuf_putc(out, (char)(0x80 | (code >> 12 & 0x3f)));
		strbuf_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
	}
	strbuf_putc(out, (char)(0x80 | (code & 0x3f)));
}

static void take_unit(struct utf16 *u, unsigned int unit, struct strbuf *out)
{
	bool is_trailing = unit >= 0xdc00 && unit < 0xe000;

	if (u->leading) {
		utf16_put(out, is_trailing
				       ? 0x10000 + ((u->leading - 0xd800) << 10) + (unit - 0xdc00)
				       : UTF16_REPLACEMENT);
		u->leading = 0;
		if (is_trailing)
			return;
	}
	if (unit >= 0xd800 && unit < 0xdc00)
		u->leading = unit;
	else
		utf16_put(out, is_trailing ? UTF16_REPLACEMENT : unit);
}

static void take_byte(struct utf16 *u, unsigned char byte, struct strbuf *out)
{
	if (!u->has_half) {
		u->half = byte;
		u->has_half = true;
		return;
	}
	u->has_half = false;
	take_unit(u,
		  u->is_big_endian ? (unsigned int)u->half << 8 | byte
				   : (unsigned int)byte << 8 | u->half,
		  out);
}

/* The first two bytes, of which the first may have come alone. */
static void look(struct utf16 *u, struct span *in)
{
	unsigned char first = u->has_half ? u->half : (unsigned char)in->p[0], second;
	size_t at = u->has_half ? 0 : 1;

	if (first != 0xff && first != 0xfe) {
		u->is_known = true;
		return;
	}
	if (at >= in->n) {
		u->half = first;
		u->has_half = true;
		*in = span_skip(*in, in->n);
		return;
	}
	second = (unsigned char)in->p[at];
	u->is_known = true;
	u->is_utf16 = (first == 0xff && second == 0xfe) || (first == 0xfe && second == 0xff);
	u->is_big_endian = first == 0xfe;
	if (!u->is_utf16)
		return;
	u->has_half = false;
	*in = span_skip(*in, at + 1);
}

struct span utf16_feed(struct utf16 *u, struct span in, struct strbuf *out)
{
	strbuf_clear(out);
	if (!in.n)
		return in;
	if (!u->is_known)
		look(u, &in);
	if (!u->is_utf16 && !u->has_half)
		return in;
	if (!u->is_utf16 && !u->is_known)
		return in;
	if (!u->is_utf16) {
		/* The byte held back was no mark after all. */
		strbuf_putc(out, (char)u->half);
		u->has_half = false;
		strbuf_append(out, in.p, in.n);
		return (struct span){out->buf, out->len};
	}
	for (size_t i = 0; i < in.n; i++)
		take_byte(u, (unsigned char)in.p[i], out);
	return (struct span){out->buf, out->len};
}

struct span utf16_end(struct utf16 *u)
{
	bool held = u->has_half && !u->is_utf16;

	u->has_half = false;
	return (struct span){(const char *)&u->half, held};
}
