/*
 * origin.h - whose a file of code is, told by its path alone; pure.
 */
#ifndef OOMLAB_SYMBOLS_ORIGIN_H
#define OOMLAB_SYMBOLS_ORIGIN_H

#include <stdbool.h>

/* Whether a source file comes with the compiler or the system: what it does, it was told to do. */
bool origin_is_standard_source(const char *file);

/* Not a file's: executable memory that a program filled itself, as compilers of JITs do. */
bool origin_is_made(const char *path);

/* What --preload puts into a program; it is one of those, too. */
bool origin_is_labs_library(const char *path);

/*
 * libc, the dynamic linker, a language's runtime, a replacement for malloc: what it does, it was
 * told to do.
 */
bool origin_is_system_library(const char *path);

#endif
