/*
 * series.h - kinds of line that are collected: one element of an array a line, as tables.
 *
 * Internal to lab/record. A series says how a line fills an element, and where the array and its
 * count stand in the struct that owns them; the owner is zero-initialised and frees the array.
 */
#ifndef OOMLAB_RECORD_SERIES_H
#define OOMLAB_RECORD_SERIES_H

#include "record/fields.h"

struct series {
	const char *ev;
	const struct field *fields;
	const void *blank;   /* what an element starts as; NULL: zeros */
	size_t items, count; /* offsets in the owner: the array (a pointer), its size_t */
	size_t size, line;   /* of an element; offset in it of its line's number */
	size_t most;	     /* elements; more is damage. 0: any number */
	const char *kept;    /* key that holds strings; "": all of it; NULL: none */
};

/* The parts that follow from the types; ev, fields and the rest are to be added. */
#define SERIES_OF(owner, of, array, counter)                                                    \
	.items = offsetof(owner, array), .count = offsetof(owner, counter), .size = sizeof(of), \
	.line = offsetof(of, line)

/* The series of that kind; NULL: it is none of them. */
const struct series *series_find(const struct series *table, size_t count, const char *ev);

/*
 * Adds an element for the line to the owner. Returns 0, or -1 when the line is damaged or one too
 * many: nothing was added then. Strings are borrowed from `object`; what holds them is kept in
 * `lines`, a JSON array.
 */
int series_load(const struct series *of, void *owner, json_t *lines, const json_t *object,
		unsigned int line);

/*
 * Room for one more element of `size` bytes, zeroed, in the array that the pointer at `items`
 * names; grows by doubling. Valid until the next one.
 */
void *series_push(void *items, size_t *count, size_t size);
#define PUSH(r, items, count) series_push(&(r)->items, &(r)->count, sizeof(*(r)->items))

#endif
