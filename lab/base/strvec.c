#include "base/strvec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "base/strbuf.h"

enum { FIRST_CAP = 16 };

const char *strvec_empty[] = {NULL};

/* Takes the word over. */
static void push_own(struct strvec *words, char *word)
{
	if (words->count + 1 >= words->cap) {
		size_t cap = words->cap ? words->cap * 2 : FIRST_CAP;

		words->list = xrealloc(words->cap ? words->list : NULL, cap, sizeof(*words->list));
		words->cap = cap;
	}
	words->list[words->count++] = word;
	words->list[words->count] = NULL;
}

void strvec_push(struct strvec *words, const char *word)
{
	push_own(words, xstrdup(word));
}

void strvec_pushf(struct strvec *words, const char *fmt, ...)
{
	char *word = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&word, fmt, ap) < 0)
		BUG("no memory for a word");
	va_end(ap);
	push_own(words, word);
}

void strvec_push_all(struct strvec *words, const char *const *more)
{
	for (; more && *more; more++)
		strvec_push(words, *more);
}

void strvec_release(struct strvec *words)
{
	for (size_t i = 0; i < words->count; i++)
		free((char *)words->list[i]);
	if (words->cap)
		free(words->list);
	*words = (struct strvec)STRVEC_INIT;
}

char **strvec_detach(struct strvec *words)
{
	char **list = words->cap ? (char **)words->list : xcalloc(1, sizeof(*list));

	*words = (struct strvec)STRVEC_INIT;
	return list;
}
