/*
 * strvec.h - a growing list of words that ends in NULL, as execve(2) wants it; libc only.
 *
 * Pattern of use: struct strvec words = STRVEC_INIT; push; use words.list / words.count;
 * strvec_release(). Declare with _cleanup_strvec_ to have it released. The vector owns a copy of
 * every word. Out of memory ends the program.
 */
#ifndef OOMLAB_BASE_STRVEC_H
#define OOMLAB_BASE_STRVEC_H

#include <stddef.h>

#include "base/cleanup.h"

struct strvec {
	const char **list; /* never NULL; list[count] is NULL, also while it is empty */
	size_t count;
	size_t cap; /* pointers allocated; 0 while list is the shared empty one */
};

extern const char *strvec_empty[];
#define STRVEC_INIT                \
	{                          \
		strvec_empty, 0, 0 \
	}

void strvec_push(struct strvec *words, const char *word);
void strvec_pushf(struct strvec *words, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends the words of a list that ends in NULL. A list that is NULL has none. */
void strvec_push_all(struct strvec *words, const char *const *more);

/* The same for words that stand in the call: strvec_pushl(&words, "-display", "none"). */
#define strvec_pushl(words, ...) strvec_push_all(words, (const char *const[]){__VA_ARGS__, NULL})

/* Frees words and list; the vector is as STRVEC_INIT afterwards. */
void strvec_release(struct strvec *words);

/* Returns the list; the caller frees it and each word. The vector is as STRVEC_INIT afterwards. */
char **strvec_detach(struct strvec *words);

#define _cleanup_strvec_ _cleanup_(strvec_release)

#endif
