/*
 * mechanism.h - what the invoker was doing when memory ran out, told by its call trace; pure.
 *
 * The trace is read from the innermost frame outwards; the first frame that names a way of asking
 * for memory decides. Captured (6.1): "out_of_memory+0x1fd/0x4c0, mem_cgroup_out_of_memory+0x134,
 * memory_max_write+0x123" is somebody lowering memory.max: "limit_lowered". Names of functions
 * change with kernels; each entry lists those seen from 2.6.32 to 6.18.
 */
#ifndef OOMLAB_OOMLOG_MECHANISM_H
#define OOMLAB_OOMLOG_MECHANISM_H

#include <stdbool.h>
#include <stddef.h>

struct mechanism {
	const char *name;     /* one word for programs: "page_fault" */
	const char *sentence; /* for people: "touched memory of its own (a page fault)" */
	bool needs_memory;    /* false: nobody asked for memory (sysrq, a limit lowered) */
};

/* NULL when no frame tells. The result is static. */
const struct mechanism *mechanism_of_trace(const char *const *trace, size_t count);

/* The same by its name; NULL for NULL or an unknown name. */
const struct mechanism *mechanism_named(const char *name);

#endif
