/*
 * os_mem.h - address space and pages from the kernel: the only mmap, mprotect, madvise and munmap.
 *
 * Pattern of use:
 *  1. os_mem_reserve() takes address space: nothing can be read or written, nothing is charged.
 *  2. os_mem_commit() makes part of it accessible: still nothing is charged. The charge comes with
 *     the first write to each page.
 *  3. os_mem_decommit() takes the pages back; committed again, they read as zeroes.
 *  4. os_mem_release() gives up the address space.
 *
 * Units: bytes; addresses and sizes are multiples of os_mem_page_size() unless said otherwise, else
 * -EINVAL. All functions return 0 or -errno and leave the memory as it was when they fail, except
 * os_mem_decommit(), see there. Thread safe; none allocates from the heap; each may block in the
 * kernel. Not for signal handlers.
 *
 * LIMITATIONS: a success of os_mem_commit() is no promise: Linux finds the page at the first write,
 * and kills when there is none, unless vm.overcommit_memory is 2. Windows differs: there
 * MEM_COMMIT is charged to the commit limit and refused when it does not fit.
 */
#ifndef OOMLAB_OS_MEM_H
#define OOMLAB_OS_MEM_H

#include <stddef.h>

/* Size of a page; a power of two. */
size_t os_mem_page_size(void);

/*
 * Reserves `bytes` > 0 of address space and sets *addr. Counts against RLIMIT_AS, not against the
 * commit limit. Returns 0; -EINVAL, -ENOMEM (no address space left, RLIMIT_AS); *addr is untouched
 * then. The caller releases it with os_mem_release().
 */
int os_mem_reserve(size_t bytes, void **addr) __attribute__((nonnull, warn_unused_result));

/*
 * Gives memory of os_mem_reserve() a name: /proc/PID/maps and smaps show it as "[anon:NAME]", with
 * '_' for what the kernel does not allow there, 79 bytes at most. A kernel that cannot
 * (before 5.17, or without CONFIG_ANON_VMA_NAME) leaves it without, and that is no error. The name
 * stays through commit and decommit.
 */
void os_mem_name(void *addr, size_t bytes, const char *name) __attribute__((nonnull));

/*
 * Makes reserved memory readable and writable. Memory not committed since reserve or decommit reads
 * as zeroes. Returns 0; -EINVAL, -ENOMEM (commit limit under vm.overcommit_memory 2, RLIMIT_DATA,
 * too many mappings).
 */
int os_mem_commit(void *addr, size_t bytes) __attribute__((nonnull, warn_unused_result));

/*
 * Gives the pages back and makes the memory inaccessible. Returns 0; -EINVAL; -ENOMEM (too many
 * mappings): the pages are given back all the same, the memory stays accessible.
 */
int os_mem_decommit(void *addr, size_t bytes) __attribute__((nonnull, warn_unused_result));

/*
 * Gives the pages back; the memory stays accessible. Private anonymous memory reads as zeroes from
 * then on, a file mapping as its file. For memory of any origin. Returns 0, or -EINVAL (misaligned,
 * locked pages).
 */
int os_mem_discard(void *addr, size_t bytes) __attribute__((nonnull, warn_unused_result));

/* Gives up address space from os_mem_reserve() or os_mem_map_shared(). Returns 0 or -EINVAL. */
int os_mem_release(void *addr, size_t bytes) __attribute__((nonnull));

/*
 * Maps the first `bytes` of a file, shared, readable and writable, and sets *addr. `bytes` need
 * not be whole pages. Returns 0, or -errno of mmap(2). Release with os_mem_release().
 */
int os_mem_map_shared(int fd, size_t bytes, void **addr)
	__attribute__((nonnull, warn_unused_result));

#endif
