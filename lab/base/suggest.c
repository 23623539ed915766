#include "base/suggest.h"

#include <stdbool.h>
#include <string.h>

enum { LETTERS_MOST = 64, PREFIX_LEAST = 3 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool is_swapped(const char *a, const char *b, size_t i, size_t j)
{
	return i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
}

/* Rows i - 2, i - 1 and i of the table are kept, in turns. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][LETTERS_MOST], m = strlen(a), n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= m; i++) {
		size_t *row = rows[i % 3], *before = rows[(i + 2) % 3];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			row[j] = least(before[j - 1] + (a[i - 1] != b[j - 1]),
				       least(before[j], row[j - 1]) + 1);
			if (is_swapped(a, b, i, j))
				row[j] = least(row[j], rows[(i + 1) % 3][j - 2] + 1);
		}
	}
	return rows[m % 3][n];
}

void suggestion_offer(struct suggestion *s, const char *candidate)
{
	size_t typed = strlen(s->word), n;

	if (typed >= LETTERS_MOST || strlen(candidate) >= LETTERS_MOST)
		return;
	n = distance(s->word, candidate);
	if (typed >= PREFIX_LEAST && !strncmp(candidate, s->word, typed))
		n = least(n, 1);
	if (n * 3 > typed || (s->best && n >= s->distance))
		return;
	s->best = candidate;
	s->distance = n;
}
