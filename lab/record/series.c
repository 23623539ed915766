#include "record/series.h"

#include <string.h>

#include "base/strbuf.h"

void *series_push(void *items, size_t *count, size_t size)
{
	char *array, *element;

	memcpy(&array, items, sizeof(array));
	if (!(*count & (*count - 1)))
		array = xrealloc(array, *count ? *count * 2 : 1, size);
	memcpy(items, &array, sizeof(array));
	element = array + *count * size;
	memset(element, 0, size);
	(*count)++;
	return element;
}

const struct series *series_find(const struct series *table, size_t count, const char *ev)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(ev, table[i].ev))
			return &table[i];
	return NULL;
}

int series_load(const struct series *of, void *owner, json_t *lines, const json_t *object,
		unsigned int line)
{
	char *base = owner, *element;
	size_t *count = (size_t *)(void *)(base + of->count);

	if (of->most && *count >= of->most)
		return -1;
	element = series_push(base + of->items, count, of->size);
	if (of->blank)
		memcpy(element, of->blank, of->size);
	if (fields_from_json(of->fields, object, element)) {
		(*count)--;
		return -1;
	}
	*(unsigned int *)(void *)(element + of->line) = line;
	if (of->kept)
		json_array_append(lines,
				  *of->kept ? json_object_get(object, of->kept) : (json_t *)object);
	return 0;
}
