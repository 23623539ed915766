/*
 * frame.h - from an address to function and line by a module's debug information.
 *
 * Internal to lab/symbols. What libdwfl has for it serves programs of gcc alone: it finds no unit
 * where there are no .debug_aranges (clang), and no function in a namespace (rustc).
 *
 * LIMITATIONS: of more than FRAME_DEPTH functions inlined into one another the innermost are not
 * seen; nor any in a unit of more than FRAME_ENTRIES entries before it.
 */
#ifndef OOMLAB_SYMBOLS_FRAME_H
#define OOMLAB_SYMBOLS_FRAME_H

#include <elfutils/libdwfl.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAME_DEPTH = 64, FRAME_ENTRIES = 1 << 22 };

/* Text of the debug information, not to be freed; NULL, 0: not known. */
struct frame {
	const char *function, *file;
	int line;
};

/*
 * Fills in some frames of one address, at most FRAME_DEPTH, and returns how many: functions inlined
 * into one another, then the one that has the code, each but the first at the line of its call. The
 * first is the innermost whose line is not a standard library's; of none, the innermost. The unit
 * it was found in is kept in *unit, NULL at first: the next address is likely in the same.
 */
size_t frame_find(Dwfl_Module *module, uint64_t address, Dwarf_Die **unit,
		  struct frame frames[FRAME_DEPTH]);

#endif
