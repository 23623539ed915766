/*
 * demangle.h - names of C++ and Rust functions as their languages write them; by libiberty.
 *
 * Internal to lab/symbols. It includes nothing of base, as libiberty has an xrealloc() too. Names
 * are hostile: one of a few hundred letters can stand for gigabytes. So the result is bounded, and
 * the name as well, as libiberty's stack grows with it.
 *
 * LIMITATIONS: libiberty's memory for a name in punycode leaks when the result is too long.
 */
#ifndef OOMLAB_SYMBOLS_DEMANGLE_H
#define OOMLAB_SYMBOLS_DEMANGLE_H

enum { DEMANGLE_IN_MAX = 1024, DEMANGLE_OUT_MAX = 4096 };

/*
 * Writes "app::cache::grow" to `out` for "_ZN3app5cache4growEm": without parameters, as debug
 * information has names, and without rustc's hash. Returns `out`, or `name` where it is not mangled
 * by a known rule or a bound is passed. Rules: the Itanium C++ ABI, and Rust RFC 2603.
 */
const char *demangle(const char *name, char out[DEMANGLE_OUT_MAX])
	__attribute__((nonnull, warn_unused_result));

#endif
