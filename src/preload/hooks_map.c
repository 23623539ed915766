/*
 * Address space: mmap() and its kin, brk(). malloc's own calls of them do not come here. What is
 * not known is missing only while it is being looked up, which needs none of it.
 */
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/count.h"
#include "preload/hooks.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

/* The kernel takes and gives whole pages. */
static size_t whole_pages(size_t bytes)
{
	static size_t page;

	if (!page)
		page = (size_t)sysconf(_SC_PAGESIZE);
	return (bytes + page - 1) & ~(page - 1);
}

static bool is_page(const void *at)
{
	return !((uintptr_t)at & (whole_pages(1) - 1));
}

static void *map(void *at, size_t bytes, int protection, int flags, int fd, long offset,
		 uintptr_t caller)
{
	const bool is_on = hooks_on();
	enum trace_taken what = flags & MAP_ANONYMOUS ? TRACE_TAKEN_MMAP : TRACE_TAKEN_FILE;
	void *p;

	if (!real.mmap)
		return MAP_FAILED;
	p = real.mmap(at, bytes, protection, flags, fd, offset);
	if (!is_on)
		return p;
	if (p == MAP_FAILED) {
		count_refused(bytes, caller, what, errno);
		return p;
	}
	if (flags & MAP_FIXED)
		count_unmap((uintptr_t)p, whole_pages(bytes));
	count_map((uintptr_t)p, whole_pages(bytes), caller, what);
	return p;
}

HOOK void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	return map(at, bytes, protection, flags, fd, offset, CALLER());
}

HOOK void *mmap64(void *at, size_t bytes, int protection, int flags, int fd, off64_t offset)
{
	return map(at, bytes, protection, flags, fd, offset, CALLER());
}

/* Before the kernel acts: afterwards another thread may have got the same addresses. */
HOOK int munmap(void *at, size_t bytes)
{
	if (hooks_on() && is_page(at) && bytes)
		count_unmap((uintptr_t)at, whole_pages(bytes));
	return real.munmap ? real.munmap(at, bytes) : -1;
}

/* How much of it was a range of ours is not asked: it is the caller's from here on. */
HOOK void *mremap(void *at, size_t old_bytes, size_t bytes, int flags, ...)
{
	const bool is_on = hooks_on();
	void *to = NULL, *p;
	va_list rest;

	va_start(rest, flags);
	if (flags & MREMAP_FIXED)
		to = va_arg(rest, void *);
	va_end(rest);
	if (!real.mremap)
		return MAP_FAILED;
	p = real.mremap(at, old_bytes, bytes, flags, to);
	if (!is_on)
		return p;
	if (p == MAP_FAILED) {
		count_refused(bytes, CALLER(), TRACE_TAKEN_MMAP, errno);
		return p;
	}
	if (!(flags & MREMAP_DONTUNMAP))
		count_unmap((uintptr_t)at, whole_pages(old_bytes));
	if (flags & MREMAP_FIXED)
		count_unmap((uintptr_t)p, whole_pages(bytes));
	count_map((uintptr_t)p, whole_pages(bytes), CALLER(), TRACE_TAKEN_MMAP);
	return p;
}

static void moved_break(uintptr_t from, uintptr_t to, uintptr_t caller)
{
	if (to > from)
		count_map(from, to - from, caller, TRACE_TAKEN_BRK);
	else if (to < from)
		count_unmap(to, from - to);
}

HOOK int brk(void *end)
{
	const bool is_on = hooks_on();
	uintptr_t before;
	int r;

	if (!real.brk || !real.sbrk) {
		errno = ENOMEM;
		return -1;
	}
	before = (uintptr_t)real.sbrk(0);
	r = real.brk(end);
	if (is_on && r)
		count_refused((uintptr_t)end > before ? (uintptr_t)end - before : 0, CALLER(),
			      TRACE_TAKEN_BRK, errno);
	else if (is_on)
		moved_break(before, (uintptr_t)end, CALLER());
	return r;
}

HOOK void *sbrk(intptr_t by)
{
	const bool is_on = hooks_on();
	void *before;

	if (!real.sbrk) {
		errno = ENOMEM;
		return MAP_FAILED; /* the same word */
	}
	before = real.sbrk(by);
	if (is_on && by && before == MAP_FAILED)
		count_refused(by > 0 ? (size_t)by : 0, CALLER(), TRACE_TAKEN_BRK, errno);
	else if (is_on && by)
		moved_break((uintptr_t)before, (uintptr_t)before + (uintptr_t)by, CALLER());
	return before;
}
