/*
 * tail_call.h - finds the functions that left the stack by a tail call: where one function calls T
 * and the frame above it is of G, T jumped to G, maybe through others, and none of these is on the
 * stack any more. Compilers describe such jumps as DW_TAG_call_site with DW_AT_call_tail_call
 * (DWARF 5, 3.4.1; before that as GNU extensions), at -O2 with -g.
 *
 * Internal to lab/symbols. As gdb(1) does, it names a way only if it is the one way from T to G, and
 * all functions on the ways are known: a call through a pointer makes it unknown.
 */
#ifndef OOMLAB_SYMBOLS_TAIL_CALL_H
#define OOMLAB_SYMBOLS_TAIL_CALL_H

#include <elfutils/libdwfl.h>
#include <stddef.h>
#include <stdint.h>

enum { TAIL_CALLS_MOST = 8 };

/*
 * inner: an address in G. outer: an address in the call instruction of the function below, its last
 * byte. Fills `jumps` with an address in each jump, the innermost first, and returns how many; 0:
 * there was none, or it is not known. *lookups: how many symbols may still be looked up by name,
 * which reads the whole table each time.
 */
size_t tail_call_find(Dwfl_Module *module, uint64_t inner, uint64_t outer, int *lookups,
		      uint64_t jumps[TAIL_CALLS_MOST]);

#endif
