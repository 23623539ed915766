#include "symbols/symbol_index.h"

#include <elf.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/strbuf.h"

/* How many symbols are looked at, as one may lie within another. */
enum { NESTED_MAX = 256 };

static bool is_of_code_or_data(const GElf_Sym *symbol, GElf_Word section)
{
	int type = GELF_ST_TYPE(symbol->st_info);

	return symbol->st_size && section != SHN_UNDEF && type != STT_SECTION && type != STT_FILE &&
	       type != STT_TLS;
}

static int compare_starts(const void *a, const void *b)
{
	const struct indexed_symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

void symbol_index_read(struct symbol_index *index, Dwfl_Module *module)
{
	int count = dwfl_module_getsymtab(module);

	index->items = xcalloc(count > 0 ? (size_t)count : 1, sizeof(*index->items));
	for (int i = 1; i < count; i++) {
		GElf_Addr start;
		GElf_Sym symbol;
		GElf_Word section;
		const char *name =
			dwfl_module_getsym_info(module, i, &symbol, &start, &section, NULL, NULL);

		if (!name || !*name || !is_of_code_or_data(&symbol, section))
			continue;
		index->items[index->count++] = (struct indexed_symbol){
			.start = start,
			.size = symbol.st_size,
			.name = name,
			.binding = GELF_ST_BIND(symbol.st_info),
			.number = (size_t)i,
		};
		if (symbol.st_size > index->largest_size)
			index->largest_size = symbol.st_size;
	}
	qsort(index->items, index->count, sizeof(*index->items), compare_starts);
}

/* How many begin at or before the address. */
static size_t count_before(const struct symbol_index *index, uint64_t address)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_better(const struct indexed_symbol *a, const struct indexed_symbol *b)
{
	bool is_seen = a->binding != STB_LOCAL;

	if (!b || is_seen != (b->binding != STB_LOCAL))
		return !b || is_seen;
	if (a->start != b->start)
		return a->start > b->start;
	return a->binding != b->binding ? a->binding < b->binding : a->number < b->number;
}

const char *symbol_index_find(const struct symbol_index *index, uint64_t address)
{
	const struct indexed_symbol *best = NULL;
	size_t at = count_before(index, address);

	for (int i = 0; at-- > 0 && i < NESTED_MAX; i++) {
		const struct indexed_symbol *symbol = &index->items[at];

		if (address - symbol->start >= index->largest_size)
			break;
		if (address - symbol->start < symbol->size && is_better(symbol, best))
			best = symbol;
	}
	return best ? best->name : NULL;
}

void symbol_index_release(struct symbol_index *index)
{
	free(index->items);
	*index = (struct symbol_index){0};
}
