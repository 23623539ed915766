/*
 * walker.h - walks stacks by call frame information, in a process beside the lab (base/aside.h).
 *
 * Internal to lab/symbols. libdwfl reads programs that may be damaged or hostile, and has its own
 * faults: what it does to this process must not end the run. A request and its answer lie in memory
 * that both share, so that even who dies leaves what was found so far.
 *
 * A message tells of one module, WALKER_MODULE and its path, with its file where it stands open:
 * its number is how many were told before. The message WALKER_WALK asks for the walk that
 * `struct walker_shared` holds, and is answered by one byte.
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
	WALKER_BASES_MAX = 1024, /* modules of one process that are walked through */
	WALKER_READS_MAX = 64,
};

/* A module that is mapped, and where it would begin by its own headers. */
struct walker_base {
	int module;
	uint64_t base;
};

/* What a walk read of the stack: as long as that is the same, so is its result. */
struct walker_read {
	uint64_t address, value;
};

struct walker_shared {
	/* The request: what is mapped is new when `generation` is. */
	uint64_t space, generation;
	size_t base_count;
	struct walker_base bases[WALKER_BASES_MAX];
	uint64_t regs[REGISTERS_MAX];
	size_t stack_len;
	/* The answer, complete at any time as far as it goes. */
	bool is_whole; /* all it read is in reads */
	size_t read_count, pc_count;
	struct walker_read reads[WALKER_READS_MAX];
	uint64_t pcs[UNWIND_DEPTH_MAX]; /* callers': inside the call */
	unsigned char stack[UNWIND_STACK_MAX];
};

/* An aside_work; ctx: the memory that is shared. */
void walker_work(int channel, void *shared);

/* A word of the stack that a sample has; false: it is not there. */
bool walker_word(uint64_t sp, const unsigned char *stack, size_t len, uint64_t address,
		 uint64_t *value);

#endif
