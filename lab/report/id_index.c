#include "report/id_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

static int by_id(const void *a, const void *b)
{
	const struct id_at *x = a, *y = b;

	return x->id != y->id ? (x->id > y->id) - (x->id < y->id)
			      : (x->at > y->at) - (x->at < y->at);
}

struct id_index id_index_make(const void *array, size_t count, size_t size, size_t offset)
{
	struct id_index index = {xcalloc(count + 1, sizeof(*index.items)), count};

	for (size_t i = 0; i < count; i++) {
		index.items[i].at = i;
		memcpy(&index.items[i].id, (const char *)array + i * size + offset,
		       sizeof(int64_t));
	}
	qsort(index.items, count, sizeof(*index.items), by_id);
	return index;
}

void id_index_release(struct id_index *index)
{
	free(index->items);
	*index = (struct id_index){0};
}

size_t id_index_find(const struct id_index *index, int64_t id)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->items[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < index->count && index->items[low].id == id ? index->items[low].at : SIZE_MAX;
}
