/*
 * C++'s operator new: it ends in malloc(), but whoever called it is who asked. Each function here
 * is one of libstdc++ or libc++ by its mangled name, says who called, and passes on. An exception
 * may pass through: nothing here needs undoing.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "preload/hooks.h"

struct nothrow; /* std::nothrow_t */

/* A program that calls one of these has loaded a library that defines it. */
static void *behind(void **known, const char *name)
{
	void *symbol = __atomic_load_n(known, __ATOMIC_RELAXED);

	if (!symbol) {
		symbol = dlsym(RTLD_NEXT, name);
		if (!symbol)
			abort();
		__atomic_store_n(known, symbol, __ATOMIC_RELAXED);
	}
	return symbol;
}

#define NEW(name, parameters, arguments)                              \
	HOOK void *name parameters;                                   \
	HOOK void *name parameters                                    \
	{                                                             \
		static void *known;                                   \
		__typeof__(name) *next;                               \
		void *symbol = behind(&known, #name), *p;             \
                                                                      \
		memcpy(&next, &symbol, sizeof(next));                 \
		if (!hooks_outer_site)                                \
			hooks_outer_site = hooks_on() ? CALLER() : 0; \
		p = next arguments;                                   \
		hooks_outer_site = 0;                                 \
		return p;                                             \
	}

NEW(_Znwm, (size_t size), (size))
NEW(_Znam, (size_t size), (size))
NEW(_ZnwmRKSt9nothrow_t, (size_t size, const struct nothrow *tag), (size, tag))
NEW(_ZnamRKSt9nothrow_t, (size_t size, const struct nothrow *tag), (size, tag))
NEW(_ZnwmSt11align_val_t, (size_t size, size_t alignment), (size, alignment))
NEW(_ZnamSt11align_val_t, (size_t size, size_t alignment), (size, alignment))
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, const struct nothrow *tag),
    (size, alignment, tag))
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, const struct nothrow *tag),
    (size, alignment, tag))
