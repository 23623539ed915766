/*
 * hooks.h - what the files of the preload library that programs call into share.
 */
#ifndef OOMLAB_PRELOAD_HOOKS_H
#define OOMLAB_PRELOAD_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What programs may see of this library; everything else is hidden. */
#define HOOK	 __attribute__((visibility("default")))

#define CALLER() ((uintptr_t)__builtin_return_address(0))

/* The functions behind ours: those of libc, or of another library that replaces them. */
struct real {
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t count, size_t size);
	void *(*realloc)(void *p, size_t size);
	void *(*reallocarray)(void *p, size_t count, size_t size);
	void (*free)(void *p);
	void *(*aligned_alloc)(size_t alignment, size_t size);
	int (*posix_memalign)(void **p, size_t alignment, size_t size);
	void *(*memalign)(size_t alignment, size_t size);
	void *(*valloc)(size_t size);
	void *(*pvalloc)(size_t size);
	void *(*mmap)(void *at, size_t bytes, int protection, int flags, int fd, long offset);
	int (*munmap)(void *at, size_t bytes);
	void *(*mremap)(void *at, size_t old_bytes, size_t bytes, int flags, ...);
	int (*brk)(void *end);
	void *(*sbrk)(intptr_t by);
};
extern struct real real;

/*
 * Whether calls are counted. The first call, which may come before any constructor has run, looks
 * the real functions up and attaches to the ring.
 */
bool hooks_on(void);

/* Whether the real functions are known; false only inside the look-up itself. */
bool hooks_ready(void);

/*
 * Where the allocation that follows on this thread is said to come from, in place of its caller:
 * for those who only pass on. The next hook uses it up.
 */
extern _Thread_local uintptr_t hooks_outer_site;

#endif
