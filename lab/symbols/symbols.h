/*
 * symbols.h - addresses of a process that has gone to function, file and line, through libdwfl.
 *
 * Pattern of use: symbols_open() with the text of /proc/PID/maps as it was; symbols_find() for
 * each address; symbols_close(). The files named in the maps are opened now: they must be the ones
 * the process ran. Debug information comes from them, or from a file of its own:
 * by .gnu_debuglink beside them or in .debug, by build-id or path below /usr/lib/debug. No server
 * (debuginfod) is asked.
 *
 * For a return address ask for address - 1: the call, not the line behind it. Allocates; not
 * thread safe. Never fails loudly: what cannot be resolved is not resolved.
 */
#ifndef OOMLAB_SYMBOLS_SYMBOLS_H
#define OOMLAB_SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "symbols/modules.h"

struct symbols;

struct symbol {
	char *function; /* not mangled; NULL: not known; the caller frees both */
	char *file;	/* as the compiler recorded it */
	int line;	/* 0: not known */
};

/*
 * From now on files are not opened by their paths but are those that stand open in `modules`, which
 * must live on: for processes that saw another root. NULL: by path, as at first.
 */
void symbols_use_files(const struct modules *modules);

/* NULL when the maps name no file that can be read. */
struct symbols *symbols_open(const char *maps);

/* One file alone; addresses are as its own headers count them. NULL when it is no program. */
struct symbols *symbols_open_file(const char *path);

/*
 * True when at least the function is known. Where functions are inlined it is the innermost whose
 * line is not a standard library's (of memset(3)'s wrapper in <string.h>, of std::vector, ...). Of
 * system libraries it is all that is looked up: reading their debug information takes time and
 * memory, and no line in them is anybody's fault.
 */
bool symbols_find(struct symbols *symbols, uint64_t address, struct symbol *symbol);

enum { SYMBOLS_DEPTH = 64 };

/*
 * The same, and which functions it is inlined into: each at the line of the call, the one that has
 * the code last. Returns how many are known, SYMBOLS_DEPTH at most.
 */
size_t symbols_find_inlined(struct symbols *symbols, uint64_t address,
			    struct symbol chain[SYMBOLS_DEPTH]);
void symbol_release(struct symbol *symbol);

/*
 * The function of another file that the call at (inside) an address names, by the program's own
 * table of what it imports; as symbols_find() writes names. NULL: none, or it is not known. The
 * caller frees. pre: symbols_open_file().
 */
char *symbols_called(struct symbols *symbols, uint64_t address);

/* Whether nothing but the names for other files is known of its functions. pre: as above. */
bool symbols_are_few(struct symbols *symbols);

void symbols_close(struct symbols *symbols);

#endif
