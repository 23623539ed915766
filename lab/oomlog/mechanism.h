/*
 * mechanism.h - what the invoker was doing when memory ran out, told by its call trace; pure.
 *
 * The trace is read from the innermost frame outwards; the first frame that tells why memory was
 * requested decides. Captured (6.1): "out_of_memory+0x1fd/0x4c0, mem_cgroup_out_of_memory+0x134,
 * memory_max_write+0x123" is somebody lowering memory.max: "limit_lowered". Names of functions
 * change with kernels; each entry lists those seen from 2.6.32 to 6.18.
 */
#ifndef OOMLAB_OOMLOG_MECHANISM_H
#define OOMLAB_OOMLOG_MECHANISM_H

#include <stdbool.h>
#include <stddef.h>

enum mechanism {
	MECHANISM_NONE, /* no frame tells */
	MECHANISM_LIMIT_LOWERED,
	MECHANISM_SYSRQ,
	MECHANISM_MIN_TTL,
	MECHANISM_BPF_REQUEST,
	MECHANISM_SWAPOFF,
	MECHANISM_FORK,
	MECHANISM_EXEC,
	MECHANISM_PIPE_WRITE,
	MECHANISM_SOCKET,
	MECHANISM_TMPFS_WRITE,
	MECHANISM_FILE_READ,
	MECHANISM_FILE_WRITE,
	MECHANISM_FILE_FAULT,
	MECHANISM_COPY_ON_WRITE,
	MECHANISM_PAGE_TABLES,
	MECHANISM_MMAP,
	MECHANISM_SWAP_IN,
	MECHANISM_KERNEL_STACK,
	MECHANISM_DRIVER,
	MECHANISM_BPF,
	MECHANISM_SYSCALL_COPY,
	MECHANISM_PAGE_FAULT,
	MECHANISM_SOME_PAGE_FAULT,
	MECHANISM_FILE_METADATA,
	MECHANISM_KERNEL_THREAD,
	MECHANISM_SYSCALL,
	MECHANISM_COUNT
};

struct mechanism_words {
	const char *name;     /* one word for programs: "page_fault" */
	const char *sentence; /* for people: "touched memory of its own (a page fault)" */
};

/* Both NULL for MECHANISM_NONE. */
extern const struct mechanism_words mechanism_words[MECHANISM_COUNT];

/* The trace: names of functions, innermost first, without offsets. */
enum mechanism mechanism_of_trace(const char *const *trace, size_t count);

/* Whether a frame is the function; a '*' at the pattern's end matches any ending. */
bool mechanism_has_frame(const char *const *trace, size_t count, const char *pattern);

/*
 * True when the invoker requested no memory: sysrq, a limit lowered, kswapd for the sake of
 * min_ttl_ms (multi-generational LRU).
 */
bool mechanism_needs_none(enum mechanism mechanism);

#endif
