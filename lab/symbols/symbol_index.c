#include "symbols/symbol_index.h"

#include <elf.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/strbuf.h"

/* So many symbols that begin before the one sought may lie within one another. */
enum { NESTED_MAX = 256 };

static bool is_of_code_or_data(const GElf_Sym *symbol, GElf_Word section)
{
	int type = GELF_ST_TYPE(symbol->st_info);

	return symbol->st_size && section != SHN_UNDEF && type != STT_SECTION && type != STT_FILE &&
	       type != STT_TLS;
}

static int by_start(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

void symbol_index_read(struct symbol_index *names, Dwfl_Module *module)
{
	int count = dwfl_module_getsymtab(module);

	names->items = xcalloc(count > 0 ? (size_t)count : 1, sizeof(*names->items));
	for (int i = 1; i < count; i++) {
		GElf_Addr start;
		GElf_Sym symbol;
		GElf_Word section;
		const char *text =
			dwfl_module_getsym_info(module, i, &symbol, &start, &section, NULL, NULL);

		if (!text || !*text || !is_of_code_or_data(&symbol, section))
			continue;
		names->items[names->count++] = (struct name){
			.start = start,
			.size = symbol.st_size,
			.text = text,
			.binding = GELF_ST_BIND(symbol.st_info),
			.number = (size_t)i,
		};
		if (symbol.st_size > names->largest)
			names->largest = symbol.st_size;
	}
	qsort(names->items, names->count, sizeof(*names->items), by_start);
}

/* How many begin at or before the address. */
static size_t count_before(const struct symbol_index *names, uint64_t address)
{
	size_t low = 0, high = names->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (names->items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_better(const struct name *a, const struct name *b)
{
	bool is_seen = a->binding != STB_LOCAL;

	if (!b || is_seen != (b->binding != STB_LOCAL))
		return !b || is_seen;
	if (a->start != b->start)
		return a->start > b->start;
	return a->binding != b->binding ? a->binding < b->binding : a->number < b->number;
}

const char *symbol_index_find(const struct symbol_index *names, uint64_t address)
{
	const struct name *best = NULL;
	size_t at = count_before(names, address);

	for (int i = 0; at-- > 0 && i < NESTED_MAX; i++) {
		const struct name *name = &names->items[at];

		if (address - name->start >= names->largest)
			break;
		if (address - name->start < name->size && is_better(name, best))
			best = name;
	}
	return best ? best->text : NULL;
}

void symbol_index_release(struct symbol_index *names)
{
	free(names->items);
	*names = (struct symbol_index){0};
}
