/*
 * walker.h - walks stacks by call frame information, in an aside (base/aside.h).
 *
 * Internal to lab/symbols. libdwfl reads programs that may be damaged or hostile, and has faults of
 * its own: a crash there must not end the run. Request and answer lie in memory that both processes
 * share, so an aside that dies leaves what it had found.
 *
 * The message WALKER_MODULE, followed by a path, adds a module, with its open file where it has
 * one; modules are numbered from 0 in the order of these messages. The message WALKER_WALK asks for
 * the walk that `struct walker_shared` describes, and is answered by one byte.
 */
#ifndef OOMLAB_SYMBOLS_WALKER_H
#define OOMLAB_SYMBOLS_WALKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols/registers.h"
#include "symbols/unwind.h"

enum {
	WALKER_MODULE = 'm',
	WALKER_WALK = 'w',
	WALKER_BASES_MAX = 1024, /* modules of one process; a walk ends at code of others */
	WALKER_READS_MAX = 64,
};

/* A module that is mapped, and the address of its lowest byte in the process. */
struct walker_base {
	int module;
	uint64_t base;
};

/* A word of the stack that a walk read. */
struct walker_read {
	uint64_t address, value;
};

struct walker_shared {
	/* The request. What is mapped in a space has changed when its generation has. */
	uint64_t space, generation;
	size_t base_count;
	struct walker_base bases[WALKER_BASES_MAX];
	uint64_t regs[REGISTERS_MAX];
	size_t stack_len;
	/* The answer; what is counted is complete at any time. */
	bool is_whole; /* `reads` has all that was read */
	size_t read_count, pc_count;
	struct walker_read reads[WALKER_READS_MAX];
	uint64_t pcs[UNWIND_DEPTH_MAX]; /* the innermost first; of callers: inside the call */
	unsigned char stack[UNWIND_STACK_MAX]; /* of the request */
};

/* The aside's work (aside_work). shared: a struct walker_shared that both processes map. */
void walker_work(int channel, void *shared);

/* Reads the word at an address of a copy of the stack that begins at sp; false: it has none. */
bool walker_word(uint64_t sp, const unsigned char *stack, size_t len, uint64_t address,
		 uint64_t *value);

#endif
