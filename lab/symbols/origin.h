/*
 * origin.h - tells by a path alone whether code is the program's own or comes with the system;
 * pure.
 */
#ifndef OOMLAB_SYMBOLS_ORIGIN_H
#define OOMLAB_SYMBOLS_ORIGIN_H

#include <stdbool.h>

/*
 * True for a source file of the compiler, the system, or the header of a scenario: what it does, its
 * caller asked for.
 */
bool origin_is_standard_source(const char *file);

/* True for executable memory that is no file's: a program filled it itself, as JIT compilers do. */
bool origin_is_made(const char *path);

/* True for the library of --preload. It counts as a system library, too. */
bool origin_is_labs_library(const char *path);

/*
 * True for libc, the dynamic linker, a language's runtime, a replacement for malloc: what they do,
 * their caller asked for.
 */
bool origin_is_system_library(const char *path);

#endif
