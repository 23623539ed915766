/*
 * absent.h - ABSENT, which stands for a number that is not known, as 0 and -1 may be real values.
 * Inline, libc only.
 */
#ifndef OOMLAB_BASE_ABSENT_H
#define OOMLAB_BASE_ABSENT_H

#include <stdbool.h>
#include <stdint.h>

#define ABSENT INT64_MIN

static inline bool is_known(int64_t value)
{
	return value != ABSENT;
}

static inline int64_t or_zero(int64_t value)
{
	return is_known(value) ? value : 0;
}

#endif
