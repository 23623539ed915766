/*
 * unwind.h - from the registers and the stack of a stopped moment to the calls that led there.
 *
 * Reads call frame information through libdwfl, so that code without frame pointers (libc's memset
 * among it) is walked too. Processes are known by what the kernel tells of them while they run
 * (PERF_RECORD_MMAP2, FORK, COMM at exec): nothing is read from /proc, and those that have gone can
 * still be unwound as long as their files are there. It is done by a process beside (base/aside.h),
 * which may die of what it reads: then stacks are told as far as they were walked.
 *
 * Pattern of use: unwind_new(); unwind_exec/map/fork() as the process lives; unwind_stack() for
 * each sample; unwind_free(). A stack like one seen before costs a look into a table.
 * Bounded: at most 16 processes' call frame information is kept open, the oldest is dropped.
 * Not thread safe.
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

/* A place in the code; module -1: in no file, offset is the address itself. */
struct unwind_frame {
	int module;
	uint64_t offset; /* as the module's own headers count; of callers: inside the call */
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
	const unsigned char *stack; /* what was at the stack pointer and above */
	size_t stack_len;	    /* what is beyond UNWIND_STACK_MAX is not looked at */
};

struct unwind;

/* root: where the paths of code are opened, as for modules_find(); it is closed with the rest. */
struct unwind *unwind_new(int root);
void unwind_free(struct unwind *u);

/* The path that a process is started by, which may be gone before it can be asked. Must live on. */
void unwind_hint(struct unwind *u, const char *program);

/* Starts the process beside, which the first stack does otherwise, and has to wait for. */
void unwind_begin(struct unwind *u);

/*
 * A new program: nothing of the old one is mapped any more. The first code that is mapped then is
 * the program's. comm: what the kernel calls the process now, by which its file's name is chosen
 * where it has several (here, in this root); NULL: not known.
 */
void unwind_exec(struct unwind *u, pid_t pid, const char *comm);
void unwind_fork(struct unwind *u, pid_t pid, pid_t parent);
/* Its main thread has ended; others of it may go on, so it is kept while there is room. */
void unwind_exit(struct unwind *u, pid_t pid);
/* Code was mapped. */
void unwind_map(struct unwind *u, pid_t pid, uint64_t start, uint64_t len, uint64_t pgoff,
		const char *path);

/* Whether code of that process is known at an address: what it maps was told. */
bool unwind_knows(const struct unwind *u, pid_t pid, uint64_t address);

/* Fills frames, the innermost first. Returns how many: at least 1. */
size_t unwind_stack(struct unwind *u, const struct unwind_sample *sample,
		    struct unwind_frame frames[UNWIND_DEPTH_MAX]);

/* A sentence without its full stop when it could not all be done; else NULL. The caller frees. */
char *unwind_trouble(const struct unwind *u);

/* What code a process maps, as lines of /proc/PID/maps, each file once and from its beginning. */
void unwind_maps_text(const struct unwind *u, pid_t pid, struct strbuf *text);

/* Every module seen so far. */
const struct modules *unwind_modules(const struct unwind *u);

/* Takes them, open files and all, for modules_release(); nothing can be unwound any more. */
struct modules unwind_take_modules(struct unwind *u);

#endif
