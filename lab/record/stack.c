#include "record/stack.h"

#include <inttypes.h>
#include <string.h>

enum { ADDRESS_DIGITS_MAX = 16 };

void stack_put(struct strbuf *stack, int64_t module, uint64_t address)
{
	if (stack->len)
		strbuf_putc(stack, ' ');
	if (module >= 0)
		strbuf_printf(stack, "%" PRId64, module);
	strbuf_printf(stack, "+%" PRIx64, address);
}

/* Reads digits up to `end`; without any the module is STACK_NO_MODULE. */
static bool parse_module(const char *at, const char *end, int64_t *module)
{
	*module = at == end ? STACK_NO_MODULE : 0;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9' || *module > (INT64_MAX - 9) / 10)
			return false;
		*module = *module * 10 + (*at - '0');
	}
	return true;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_address(const char *at, const char *end, uint64_t *address)
{
	if (at == end || end - at > ADDRESS_DIGITS_MAX)
		return false;
	for (*address = 0; at < end; at++) {
		if (digit(*at) < 0)
			return false;
		*address = *address << 4 | (uint64_t)digit(*at);
	}
	return true;
}

struct stack_frame stack_frame(const char *at, size_t len)
{
	const char *plus = memchr(at, '+', len), *end = at + len;
	struct stack_frame frame = {.at = at, .len = len};

	frame.is_known = plus && parse_module(at, plus, &frame.module) &&
			 parse_address(plus + 1, end, &frame.address);
	if (!frame.is_known) {
		frame.module = STACK_NO_MODULE;
		frame.address = 0;
	}
	return frame;
}

bool stack_next(const char **rest, struct stack_frame *frame)
{
	size_t len;

	*rest += strspn(*rest, " ");
	len = strcspn(*rest, " ");
	*frame = stack_frame(*rest, len);
	*rest += len;
	return len > 0;
}
