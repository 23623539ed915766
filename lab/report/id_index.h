/*
 * id_index.h - finds elements of an array of the record by a number of theirs, such as mappings by
 * their id; pure. A made-up record may have very many, so no array is walked for each of another.
 */
#ifndef OOMLAB_REPORT_ID_INDEX_H
#define OOMLAB_REPORT_ID_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct id_at {
	int64_t id;
	size_t at; /* in the array */
};

struct id_index {
	struct id_at *items; /* by id, then in the array's order */
	size_t count;
};

/* Indexes an array of the record by a member that is an int64_t. id_index_release() frees. */
#define ID_INDEX(array, count, member) \
	id_index_make((array), (count), sizeof(*(array)), offsetof(__typeof__(*(array)), member))

/* As ID_INDEX(): `size` is that of an element, `offset` that of the member in it. */
struct id_index id_index_make(const void *array, size_t count, size_t size, size_t offset);
void id_index_release(struct id_index *index);

/* Where the first element of that number is; SIZE_MAX: there is none. */
size_t id_index_find(const struct id_index *index, int64_t id);

#endif
