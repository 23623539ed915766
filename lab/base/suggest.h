/*
 * suggest.h - the word that was likely meant by one that is misspelled.
 */
#ifndef OOMLAB_BASE_SUGGEST_H
#define OOMLAB_BASE_SUGGEST_H

#include <stddef.h>

/* Zero-initialise but for `word`; words are offered one by one. */
struct suggestion {
	const char *word; /* as it was typed */
	const char
		*best; /* the nearest of those offered, as the caller gave it; NULL: none is near */
	size_t distance; /* between the two */
};

/*
 * Keeps `candidate` when it is nearer than the best so far. Near: letters left out, too many, wrong
 * or swapped (optimal string alignment distance) are at most a third of those typed, or it begins
 * with what was typed, three letters at least. Words of 64 letters or more are near to nothing.
 */
void suggestion_offer(struct suggestion *suggestion, const char *candidate);

#endif
