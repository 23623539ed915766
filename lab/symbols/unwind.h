/*
 * unwind.h - finds the call chain of a stopped thread from its registers and its stack.
 *
 * It uses call frame information (DWARF, through libdwfl), so code without frame pointers (libc's
 * memset among it) is walked too. What a process maps is known from what the kernel tells while it
 * runs (PERF_RECORD_MMAP2, FORK, COMM at exec; perf_event_open(2)): nothing is read from /proc but
 * a program's name, and a process that has ended can be unwound as long as its files are there. An
 * aside (base/aside.h) does the walking, and may die of what it reads: stacks are then known as far
 * as they were walked.
 *
 * Pattern of use: unwind_new(); unwind_exec(), unwind_map() and unwind_fork() as the process lives;
 * unwind_stack() for each sample; unwind_free(). A stack equal to a recent one comes from a cache.
 * Bounded: the call frame information of at most 16 processes is kept open; the least recently used
 * is dropped. Not thread safe.
 */
#ifndef OOMLAB_SYMBOLS_UNWIND_H
#define OOMLAB_SYMBOLS_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/strbuf.h"
#include "symbols/modules.h"

enum { UNWIND_DEPTH_MAX = 48, UNWIND_STACK_MAX = 64 << 10 };

/* One frame of a call chain. module: index in unwind_modules(); -1: none, offset is the address. */
struct unwind_frame {
	int module;
	uint64_t offset; /* address by the module's own headers; of callers: inside the call */
};

static inline bool unwind_is_same(const struct unwind_frame *a, const struct unwind_frame *b,
				  size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		if (a[i].module != b[i].module || a[i].offset != b[i].offset)
			return false;
	return true;
}

struct unwind_sample {
	pid_t pid;
	const uint64_t *regs;	    /* registers.h: registers_count() of them */
	const unsigned char *stack; /* copy of the memory from the stack pointer upward */
	size_t stack_len;	    /* bytes; those beyond UNWIND_STACK_MAX are ignored */
};

struct unwind;

/* root: as for modules_find(); unwind_free() closes it. */
struct unwind *unwind_new(int root);
void unwind_free(struct unwind *u); /* NULL is allowed */

/* The path that the target is started by, as a short process cannot be asked. Must live on. */
void unwind_hint(struct unwind *u, const char *program);

/* Starts the aside now, so that the first stack need not wait for it. */
void unwind_begin(struct unwind *u);

/*
 * The process runs a new program: nothing of the old one is mapped any more, and the code that is
 * mapped next is the program's. comm: the kernel's name of the process now, which chooses the
 * program's path where its file has several (exec_name.h; only in this process's root); NULL: not
 * known.
 */
void unwind_exec(struct unwind *u, pid_t pid, const char *comm);
/* A child begins, which has all mappings of its parent. */
void unwind_fork(struct unwind *u, pid_t pid, pid_t parent);
/* The main thread has ended. Others may go on, so the process is kept while there is room. */
void unwind_exit(struct unwind *u, pid_t pid);
/* The process mapped `len` bytes of code at `start`, from byte `pgoff` of the file on. */
void unwind_map(struct unwind *u, pid_t pid, uint64_t start, uint64_t len, uint64_t pgoff,
		const char *path);

/* True when the process maps known code at the address. */
bool unwind_knows(const struct unwind *u, pid_t pid, uint64_t address);

/* Fills frames, the innermost first. Returns how many, at least 1. May wait up to 10 s. */
size_t unwind_stack(struct unwind *u, const struct unwind_sample *sample,
		    struct unwind_frame frames[UNWIND_DEPTH_MAX]);

/* A sentence without its full stop when the aside died, else NULL. The caller frees. */
char *unwind_trouble(const struct unwind *u);

/* Appends a process's code as lines of /proc/PID/maps, each from the beginning of its file. */
void unwind_maps_text(const struct unwind *u, pid_t pid, struct strbuf *text);

/* All modules seen so far; they live as long as u. */
const struct modules *unwind_modules(const struct unwind *u);

/* Hands the modules and their open files to the caller, who releases them; u must only be freed. */
struct modules unwind_take_modules(struct unwind *u);

#endif
