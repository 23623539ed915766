/*
 * frame.h - finds function and line of an address in a module's debug information (DWARF).
 *
 * Internal to lab/symbols. libdwfl's own search serves only programs of gcc: it finds no
 * compilation unit where .debug_aranges are missing (clang), and no function in a namespace
 * (rustc).
 *
 * LIMITATIONS: where more than FRAME_DEPTH functions are inlined into one another, the innermost
 * are not found; nor is any behind the first FRAME_ENTRIES entries of its unit.
 */
#ifndef OOMLAB_SYMBOLS_FRAME_H
#define OOMLAB_SYMBOLS_FRAME_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAME_DEPTH = 64, FRAME_ENTRIES = 1 << 22 };

/* Strings belong to the debug information. NULL, 0: not known. */
struct frame {
	const char *function, *file;
	int line;
};

/*
 * Fills in the frames of one address and returns how many: functions inlined into one another from
 * the innermost outward, then the one that holds the code; all but the first at the line of the
 * call in them. Those in front whose line is in a standard library are left out, unless all are
 * such. 0: no unit has the address. *unit, NULL at first, keeps the unit found: the next address is
 * likely in the same.
 */
size_t frame_find(Dwfl_Module *module, uint64_t address, Dwarf_Die **unit,
		  struct frame frames[FRAME_DEPTH]);

/* The function that has the code of an address, not one inlined into it. *unit as above. */
bool frame_function(Dwfl_Module *module, uint64_t address, Dwarf_Die **unit, Dwarf_Die *function);

#endif
