#include "oomlog/pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/strbuf.h"

#define BLOCK_BYTES 65536

struct pool_block {
	struct pool_block *next;
	size_t used, capacity;
	_Alignas(16) char data[];
};

static struct pool_block *add_block(struct pool *pool, size_t n)
{
	size_t capacity = n > BLOCK_BYTES ? n : BLOCK_BYTES;
	struct pool_block *block = xrealloc(NULL, 1, sizeof(*block) + capacity);

	*block = (struct pool_block){.next = pool->blocks, .capacity = capacity};
	pool->blocks = block;
	return block;
}

static void *take_bytes(struct pool *pool, size_t n)
{
	struct pool_block *block = pool->blocks;

	n = (n + 15) & ~(size_t)15;
	if (!block || block->capacity - block->used < n)
		block = add_block(pool, n);
	block->used += n;
	return block->data + block->used - n;
}

void *pool_alloc(struct pool *pool, size_t n)
{
	return memset(take_bytes(pool, n), 0, n);
}

const char *pool_text(struct pool *pool, struct span s)
{
	char *copy = take_bytes(pool, s.n + 1);

	if (s.n)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}

static bool has_texts_alone(const char *fmt)
{
	for (fmt = strchr(fmt, '%'); fmt; fmt = strchr(fmt + 2, '%'))
		if (fmt[1] != 's')
			return false;
	return true;
}

/* Appends to the n bytes in `to` what there is capacity for, without the last byte. */
static size_t put(char *to, size_t n, size_t size, const char *from, size_t len)
{
	len = len < size - 1 - n ? len : size - 1 - n;
	memcpy(to + n, from, len);
	return n + len;
}

static size_t put_texts(char *to, size_t size, const char *fmt, va_list args)
{
	size_t n = 0;

	for (;;) {
		const char *percent = strchr(fmt, '%'), *text;

		if (!percent)
			return put(to, n, size, fmt, strlen(fmt));
		n = put(to, n, size, fmt, (size_t)(percent - fmt));
		text = va_arg(args, const char *);
		n = put(to, n, size, text, strlen(text));
		fmt = percent + 2;
	}
}

const char *pool_vformat(struct pool *pool, const char *fmt, va_list args)
{
	char text[2048];
	int n;

	if (has_texts_alone(fmt)) {
		size_t length = put_texts(text, sizeof(text), fmt, args);

		return pool_text(pool, (struct span){text, length});
	}
	n = vsnprintf(text, sizeof(text), fmt, args);
	return pool_text(pool,
			 span_head((struct span){text, n < 0 ? 0 : (size_t)n}, sizeof(text) - 1));
}

const char *pool_format(struct pool *pool, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	const char *text = pool_vformat(pool, fmt, args);
	va_end(args);
	return text;
}

void pool_clear(struct pool *pool)
{
	while (pool->blocks && pool->blocks->next) {
		struct pool_block *next = pool->blocks->next;

		free(pool->blocks);
		pool->blocks = next;
	}
	if (pool->blocks)
		pool->blocks->used = 0;
}

void pool_release(struct pool *pool)
{
	pool_clear(pool);
	free(pool->blocks);
	pool->blocks = NULL;
}

void *array_grow(void *array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return array;
	*capacity = *capacity ? *capacity * 2 : 16;
	return xrealloc(array, *capacity, size);
}
