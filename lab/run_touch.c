#include "run_touch.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "record/premortem.h"
#include "symbols/symbols.h"

enum { PLACES_MAX = 20000 };

struct places {
	char **items;
	size_t count;
};

static void places_release(struct places *places)
{
	for (size_t i = 0; i < places->count; i++)
		free(places->items[i]);
	free(places->items);
}

static void add_stack(struct places *places, const char *stack)
{
	while (*stack && places->count < PLACES_MAX) {
		size_t len = strcspn(stack, " ");

		places->items = xrealloc(places->items, places->count + 1, sizeof(*places->items));
		places->items[places->count++] = xstrndup(stack, len);
		stack += len + (stack[len] == ' ');
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, so those of one module follow one another. */
static void collect(const struct record *record, struct places *places)
{
	size_t kept = 0;

	for (size_t i = 0; i < record->reservation_count; i++)
		if (record->reservations[i].at)
			add_stack(places, record->reservations[i].at);
	for (size_t i = 0; i < record->touch_count; i++)
		if (record->touches[i].stack)
			add_stack(places, record->touches[i].stack);
	for (size_t i = 0; record->premortem && i < record->premortem->thread_count; i++)
		if (record->premortem->threads[i].stack)
			add_stack(places, record->premortem->threads[i].stack);
	for (size_t i = 0; i < record->mapping_count; i++)
		if (record->mappings[i].stack)
			add_stack(places, record->mappings[i].stack);
	if (places->count)
		qsort(places->items, places->count, sizeof(*places->items), by_text);
	for (size_t i = 0; i < places->count; i++)
		if (kept && !strcmp(places->items[kept - 1], places->items[i]))
			free(places->items[i]);
		else
			places->items[kept++] = places->items[i];
	places->count = kept;
}

static const char *module_path(const struct record *record, long id)
{
	for (size_t i = 0; i < record->module_count; i++)
		if (record->modules[i].id == id)
			return record->modules[i].path;
	return NULL;
}

static void resolve(struct record_writer *w, struct symbols *symbols, const char *place)
{
	uint64_t address = strtoull(strchr(place, '+') + 1, NULL, 16);
	struct record_frame frame = {.at = place};
	struct symbol symbol;

	if (!symbols_find(symbols, address, &symbol))
		return;
	frame.function = symbol.function;
	frame.file = symbol.file;
	frame.line_number = symbol.line;
	record_put_frame(w, &frame);
	free(symbol.function);
	free(symbol.file);
}

void run_write_frames(struct record_writer *w, const struct record *record)
{
	_cleanup_(places_release) struct places places = {0};
	struct symbols *symbols = NULL;
	long open = -1;

	collect(record, &places);
	for (size_t i = 0; i < places.count; i++) {
		char *plus = strchr(places.items[i], '+');
		long id = plus && plus > places.items[i] ? strtol(places.items[i], NULL, 10) : -1;
		const char *path = id < 0 ? NULL : module_path(record, id);

		if (!path || *path != '/')
			continue;
		if (id != open) {
			symbols_close(symbols);
			symbols = symbols_open_file(path);
			open = id;
		}
		if (symbols)
			resolve(w, symbols, places.items[i]);
	}
	symbols_close(symbols);
}
