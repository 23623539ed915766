/*
 * demangle.h - names of C++ and Rust functions as their languages write them, by libiberty.
 *
 * Internal to lab/symbols; it includes nothing of base, as libiberty has names of its own there
 * (xrealloc). Symbol tables are what a program's author, or an attacker, put there: a name of a few
 * hundred letters can stand for gigabytes, so what comes out is bounded, and so is what goes in, as
 * libiberty's stack grows with it.
 *
 * LIMITATIONS: what libiberty allocates for a name in punycode is lost when that name passes the
 * bound.
 */
#ifndef OOMLAB_SYMBOLS_DEMANGLE_H
#define OOMLAB_SYMBOLS_DEMANGLE_H

enum { DEMANGLE_IN_MAX = 1024, DEMANGLE_OUT_MAX = 4096 };

/*
 * "app::cache::grow" for "_ZN3app5cache4growEm": without parameters, as debug information has
 * names, and without rustc's hash. `name` itself where it is not mangled, not by a rule that is
 * known, or where either bound is passed; else `out`.
 */
const char *demangle(const char *name, char out[DEMANGLE_OUT_MAX])
	__attribute__((nonnull, warn_unused_result));

#endif
