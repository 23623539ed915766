/*
 * series.h - loads lines of one kind into an array, an element for each line, as a table says.
 *
 * Internal to lab/record. A series says how a line fills an element, and at which offsets the array
 * and its count are in the struct that owns them. The owner starts zeroed and frees the array.
 */
#ifndef OOMLAB_RECORD_SERIES_H
#define OOMLAB_RECORD_SERIES_H

#include "record/fields.h"

struct series {
	const char *ev;
	const struct field *fields;
	const void *blank;   /* the initial value of an element; NULL: zeros */
	size_t items, count; /* offsets in the owner: the array (a pointer), its size_t */
	size_t size, line;   /* of an element; offset in it of its line's number */
	size_t most;	     /* elements; a further line is damaged. 0: any number */
	const char *kept;    /* key of the only string; "": keep the whole line; NULL: no string */
};

/* Initialises the members that follow from the types; ev, fields and the rest are to be added. */
#define SERIES_OF(owner, of, array, counter)                                                    \
	.items = offsetof(owner, array), .count = offsetof(owner, counter), .size = sizeof(of), \
	.line = offsetof(of, line)

/* The series of that kind; NULL: it is none of them. */
const struct series *series_find(const struct series *table, size_t count, const char *ev);

/*
 * Adds an element for the line to the owner. Returns 0, or -1 when the line is damaged or one too
 * many: nothing was added then. Strings are borrowed from `object`; `lines`, a JSON array, gets a
 * reference to what holds them.
 */
int series_load(const struct series *of, void *owner, json_t *lines, const json_t *object,
		unsigned int line);

/*
 * Adds an element of `size` zero bytes to the array whose pointer is at `items`, and returns it.
 * The array grows by doubling, so an element is valid until the next one is added.
 */
void *series_push(void *items, size_t *count, size_t size);
#define PUSH(r, items, count) series_push(&(r)->items, &(r)->count, sizeof(*(r)->items))

#endif
