/*
 * pool.h - memory that lives as long as one event: strings and growing arrays, freed together.
 *
 * Pattern of use: a zeroed struct pool; pool_text() as often as wanted; pool_clear() before the
 * next event (keeps one block for it); pool_release() at the end. Nothing is freed singly. Out of
 * memory ends the program (base/strbuf.h).
 */
#ifndef OOMLAB_OOMLOG_POOL_H
#define OOMLAB_OOMLOG_POOL_H

#include <stdarg.h>

#include "klog/span.h"

struct pool_block;

struct pool {
	struct pool_block *blocks; /* newest first */
};

/* n zeroed bytes, aligned for any type. */
void *pool_alloc(struct pool *pool, size_t n);

/* A NUL-terminated copy. s may hold NULs: as a string the copy ends at the first. */
const char *pool_text(struct pool *pool, struct span s);

/* printf into the pool; at most 2047 bytes are kept. Fast if all conversions are %s. */
const char *pool_format(struct pool *pool, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
const char *pool_vformat(struct pool *pool, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

void pool_clear(struct pool *pool);
void pool_release(struct pool *pool);

/*
 * Makes sure that one more element of `size` bytes fits behind `count` and returns the array, which
 * may have moved. `capacity` is in elements.
 */
void *array_grow(void *array, size_t count, size_t *capacity, size_t size);

/* The next element of a malloc'd array kept in three variables, zeroed; evaluates to a pointer. */
#define ARRAY_PUSH(array, count, capacity)                                             \
	({                                                                             \
		(array) = array_grow((array), (count), &(capacity), sizeof(*(array))); \
		memset(&(array)[(count)], 0, sizeof(*(array)));                        \
		&(array)[(count)++];                                                   \
	})

#endif
