/*
 * symbol_index.h - the symbols of a module by address: libdwfl looks at each of them for each address,
 * which of a hundred thousand symbols and some thousand addresses makes seconds.
 *
 * Internal to lab/symbols.
 */
#ifndef OOMLAB_SYMBOLS_SYMBOL_INDEX_H
#define OOMLAB_SYMBOLS_SYMBOL_INDEX_H

#include <elfutils/libdwfl.h>
#include <stddef.h>
#include <stdint.h>

struct name {
	uint64_t start, size;
	const char *text; /* the module's */
	int binding;	  /* STB_LOCAL, ... */
	size_t number;
};

/* Zero-initialise. */
struct symbol_index {
	struct name *items; /* by address; those that have a size alone */
	size_t count;
	uint64_t largest; /* size */
};

void symbol_index_read(struct symbol_index *names, Dwfl_Module *module);

/*
 * The symbol that holds the address, chosen as libdwfl does: one that other files see before one
 * that they do not, then the one that begins last, then the one that is not weak. NULL: none.
 */
const char *symbol_index_find(const struct symbol_index *names, uint64_t address);

void symbol_index_release(struct symbol_index *names);

#endif
