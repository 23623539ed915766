/*
 * symbol_index.h - a module's symbols sorted by address, for fast search. libdwfl looks at each
 * symbol for each address, which takes seconds for a hundred thousand symbols and some thousand
 * addresses.
 *
 * Internal to lab/symbols.
 */
#ifndef OOMLAB_SYMBOLS_SYMBOL_INDEX_H
#define OOMLAB_SYMBOLS_SYMBOL_INDEX_H

#include <elfutils/libdwfl.h>
#include <stddef.h>
#include <stdint.h>

struct indexed_symbol {
	uint64_t start, size;
	const char *name; /* lives as long as the module */
	int binding;	  /* STB_LOCAL, ... (elf(5)) */
	size_t number;	  /* in the module's own table */
};

/* Zero-initialise. */
struct symbol_index {
	struct indexed_symbol *items; /* by address; only those that have a size */
	size_t count;
	uint64_t largest_size;
};

/* Fills an empty index; the module must live on. */
void symbol_index_read(struct symbol_index *index, Dwfl_Module *module);

/*
 * The name of the symbol that holds the address; NULL: none does. Of several it prefers, as libdwfl
 * does, one that is not local, then the one that begins last, then one that is not weak. Bounded:
 * it looks at the 256 symbols that begin last before the address.
 */
const char *symbol_index_find(const struct symbol_index *index, uint64_t address);

void symbol_index_release(struct symbol_index *index);

#endif
