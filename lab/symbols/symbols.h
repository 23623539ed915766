/*
 * symbols.h - turns addresses of a process, which may have ended, into function, file and line;
 * through libdwfl (elfutils).
 *
 * Pattern of use: symbols_open() with the text of /proc/PID/maps as it was; symbols_find() for
 * each address; symbols_close(). The files named in the maps are opened now: they must be the ones
 * the process ran. Debug information comes from them, or from a file of its own:
 * by .gnu_debuglink beside them or in .debug, by build-id or path below /usr/lib/debug. No server
 * (debuginfod) is asked.
 *
 * For a return address ask for address - 1: the call, not the line behind it. Allocates; not
 * thread safe. An address that cannot be resolved is no error: it is not known. Files are hostile
 * and libdwfl may crash on them: call it in an aside (base/aside.h).
 */
#ifndef OOMLAB_SYMBOLS_SYMBOLS_H
#define OOMLAB_SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "symbols/modules.h"

struct symbols;

/* The caller frees it with symbol_release(). */
struct symbol {
	char *function; /* demangled; NULL: not known */
	char *file;	/* as the compiler recorded it; NULL: not known */
	int line;	/* 0: not known */
};

/*
 * From now on programs and libraries are read from the files that are open in `modules`, which must
 * live on, and none by its path: for processes that saw another root. NULL: by path again, as in
 * the beginning.
 */
void symbols_use_files(const struct modules *modules);

/* Returns NULL when `maps` cannot be used. symbols_close() frees the result. */
struct symbols *symbols_open(const char *maps);

/* For one file alone, by addresses as its own headers count them; NULL when it is no ELF file. */
struct symbols *symbols_open_file(const char *path);

/*
 * Finds the symbol at an address; true when at least the function is known. Where functions are
 * inlined it is the innermost whose line is not in a standard library (memset(3)'s wrapper in
 * <string.h>, std::vector, ...). In system libraries only the function is looked up: reading their
 * debug information takes time and memory, and nobody can mend a line in them.
 */
bool symbols_find(struct symbols *symbols, uint64_t address, struct symbol *symbol);

enum { SYMBOLS_DEPTH = 64 };

/*
 * Finds the same symbol and, behind it, the functions that it is inlined into, each at the line of
 * its call; the function that holds the code is last. Returns how many are known.
 */
size_t symbols_find_inlined(struct symbols *symbols, uint64_t address,
			    struct symbol chain[SYMBOLS_DEPTH]);
void symbol_release(struct symbol *symbol);

enum { SYMBOLS_TAIL_CALLS = 8 };

/*
 * Functions that stood between two frames of a stack, both in this file, and left it by a tail
 * call: an address in each jump, the innermost first. inner, outer: as for symbols_find(). Returns
 * how many; 0: there was none, or it is not known. pre: symbols_open_file().
 */
size_t symbols_tail_calls(struct symbols *symbols, uint64_t inner, uint64_t outer,
			  uint64_t jumps[SYMBOLS_TAIL_CALLS]);

/*
 * The name of the function of another file that is called at an address (inside the call), found in
 * the program's table of imports (imports.h), written as symbols_find() writes names. NULL: there
 * is none, or it is not known. The caller frees. pre: symbols_open_file().
 */
char *symbols_called(struct symbols *symbols, uint64_t address);

/* True when the file names only the functions that it exports (it is stripped). pre: as above. */
bool symbols_are_few(struct symbols *symbols);

void symbols_close(struct symbols *symbols);

#endif
