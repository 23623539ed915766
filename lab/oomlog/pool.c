#include "oomlog/pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/strbuf.h"

#define BLOCK_BYTES 65536

struct pool_block {
	struct pool_block *next;
	size_t used, room;
	_Alignas(16) char data[];
};

static struct pool_block *add_block(struct pool *pool, size_t n)
{
	size_t room = n > BLOCK_BYTES ? n : BLOCK_BYTES;
	struct pool_block *block = xrealloc(NULL, 1, sizeof(*block) + room);

	*block = (struct pool_block){.next = pool->blocks, .room = room};
	pool->blocks = block;
	return block;
}

static void *take_bytes(struct pool *pool, size_t n)
{
	struct pool_block *block = pool->blocks;

	n = (n + 15) & ~(size_t)15;
	if (!block || block->room - block->used < n)
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

const char *pool_format(struct pool *pool, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n < 0)
		n = 0;
	return pool_text(pool, span_head((struct span){text, (size_t)n}, sizeof(text) - 1));
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

void *array_grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 16;
	return xrealloc(array, *room, size);
}
