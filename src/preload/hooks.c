/*
 * The library that `oomlab run --preload` puts before a program's own: each function here calls the
 * one it stands for and counts what that did (count.h). Without a ring it only passes on.
 *
 * The look-up of the real functions may itself allocate. It is served from a buffer of its own, so
 * no call ever waits for another. Initial-exec thread-local storage: no allocation at first use.
 */
#include "preload/hooks.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/count.h"
#include "preload/tables.h"

struct real real;
_Thread_local uintptr_t hooks_outer_site;

enum { UNTRIED, LOOKING_UP, READY, ATTACHING, OFF, ON };
static int state;

/* dlsym() takes a few hundred bytes at most, for the text of an error. */
static _Alignas(16) char early[4096];
static size_t early_used;

static void *early_take(size_t size)
{
	const size_t room = (size + 15) & ~(size_t)15;
	const size_t at = __atomic_fetch_add(&early_used, room, __ATOMIC_RELAXED);

	if (room < size || at + room > sizeof(early) || at + room < at) {
		errno = ENOMEM;
		return NULL;
	}
	return early + at;
}

static bool is_early(const void *p)
{
	return (const char *)p >= early && (const char *)p < early + sizeof(early);
}

static void look_up(void *to, const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	memcpy(to, &symbol, sizeof(symbol));
}

static void look_up_all(void)
{
	look_up(&real.malloc, "malloc");
	look_up(&real.free, "free");
	look_up(&real.calloc, "calloc");
	look_up(&real.realloc, "realloc");
	look_up(&real.reallocarray, "reallocarray");
	look_up(&real.aligned_alloc, "aligned_alloc");
	look_up(&real.posix_memalign, "posix_memalign");
	look_up(&real.memalign, "memalign");
	look_up(&real.valloc, "valloc");
	look_up(&real.pvalloc, "pvalloc");
	look_up(&real.mmap, "mmap");
	look_up(&real.munmap, "munmap");
	look_up(&real.mremap, "mremap");
	look_up(&real.brk, "brk");
	look_up(&real.sbrk, "sbrk");
	tables_use_finder(dlsym(RTLD_DEFAULT, "_dl_find_object"));
}

/* True for one caller, which then is alone in it. */
static bool enter(int from, int to)
{
	return __atomic_compare_exchange_n(&state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static void leave(int to)
{
	__atomic_store_n(&state, to, __ATOMIC_RELEASE);
}

static __attribute__((noinline, cold)) void start(void)
{
	const int saved = errno;

	if (enter(UNTRIED, LOOKING_UP)) {
		look_up_all();
		leave(READY);
	}
	/* Before libc has taken over the environment nothing can be found in it. */
	if (environ && enter(READY, ATTACHING))
		leave(count_attach() ? ON : OFF);
	errno = saved;
}

bool hooks_on(void)
{
	int now = __atomic_load_n(&state, __ATOMIC_ACQUIRE);

	if (__builtin_expect(now == UNTRIED || now == READY, 0)) {
		start();
		now = __atomic_load_n(&state, __ATOMIC_ACQUIRE);
	}
	return now == ON;
}

bool hooks_ready(void)
{
	return __atomic_load_n(&state, __ATOMIC_ACQUIRE) >= READY;
}

__attribute__((constructor)) static void load(void)
{
	hooks_on();
}

__attribute__((destructor)) static void unload(void)
{
	if (hooks_on())
		tables_exited();
}

/* Children of shells and servers end this way, without destructors. */
HOOK void _exit(int status)
{
	if (hooks_on())
		tables_exited();
	for (;;)
		syscall(SYS_exit_group, status);
}

HOOK void _Exit(int status)
{
	_exit(status);
}

static uintptr_t site_of(uintptr_t caller)
{
	const uintptr_t outer = hooks_outer_site;

	hooks_outer_site = 0;
	return outer ? outer : caller;
}

static void *took(void *p, size_t size, uintptr_t caller)
{
	const uintptr_t site = site_of(caller);

	if (p)
		count_take(p, size, site, TRACE_TAKEN_MALLOC);
	else
		count_refused(size, site, TRACE_TAKEN_MALLOC, errno);
	return p;
}

HOOK void *malloc(size_t size)
{
	if (hooks_on())
		return took(real.malloc(size), size, CALLER());
	return hooks_ready() ? real.malloc(size) : early_take(size);
}

HOOK void *calloc(size_t count, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(count, size, &all))
		all = SIZE_MAX;
	if (hooks_on())
		return took(real.calloc(count, size), all, CALLER());
	return hooks_ready() ? real.calloc(count, size) : early_take(all); /* zeroes */
}

HOOK void free(void *p)
{
	if (!p || is_early(p))
		return;
	if (hooks_on())
		count_give(p);
	if (hooks_ready())
		real.free(p);
}

/* What it moves out of the early buffer is no more than what follows there. */
static void *leave_early(const void *p, size_t size, uintptr_t caller)
{
	const size_t most = (size_t)(early + sizeof(early) - (const char *)p);
	void *to = hooks_ready() ? real.malloc(size) : early_take(size);

	if (to)
		memcpy(to, p, size < most ? size : most);
	return hooks_on() ? took(to, size, caller) : to;
}

static void *change(void *p, size_t size, uintptr_t caller)
{
	struct count_given given;
	void *q;

	if (is_early(p))
		return leave_early(p, size, caller);
	if (!hooks_on())
		return hooks_ready() ? real.realloc(p, size) : early_take(size);
	if (!p)
		return took(real.realloc(p, size), size, caller);
	given = count_give_for_now(p);
	q = real.realloc(p, size);
	if (q || !size)
		return q ? took(q, size, caller) : q; /* realloc(p, 0) frees */
	count_take_back(&given);
	return took(q, size, caller);
}

HOOK void *realloc(void *p, size_t size)
{
	return change(p, size, CALLER());
}

HOOK void *reallocarray(void *p, size_t count, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(count, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return change(p, all, CALLER());
}

HOOK int posix_memalign(void **p, size_t alignment, size_t size)
{
	const bool is_on = hooks_on();
	int r;

	if (!real.posix_memalign)
		return ENOMEM;
	r = real.posix_memalign(p, alignment, size);
	if (is_on && !r)
		took(*p, size, CALLER());
	else if (is_on)
		count_refused(size, site_of(CALLER()), TRACE_TAKEN_MALLOC, r);
	return r;
}

HOOK void *aligned_alloc(size_t alignment, size_t size)
{
	const bool is_on = hooks_on();
	void *p = real.aligned_alloc ? real.aligned_alloc(alignment, size) : NULL;

	return is_on ? took(p, size, CALLER()) : p;
}

HOOK void *memalign(size_t alignment, size_t size)
{
	const bool is_on = hooks_on();
	void *p = real.memalign ? real.memalign(alignment, size) : NULL;

	return is_on ? took(p, size, CALLER()) : p;
}

HOOK void *valloc(size_t size)
{
	const bool is_on = hooks_on();
	void *p = real.valloc ? real.valloc(size) : NULL;

	return is_on ? took(p, size, CALLER()) : p;
}

/* Rounds up to whole pages: those are what is asked for. */
HOOK void *pvalloc(size_t size)
{
	const bool is_on = hooks_on();
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p = real.pvalloc ? real.pvalloc(size) : NULL;

	return is_on ? took(p, (size + page - 1) & ~(page - 1), CALLER()) : p;
}
