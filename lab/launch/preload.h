/*
 * preload.h - tells from a program's file whether the preload library would be loaded into it (ELF,
 * elf(5); LD_PRELOAD, ld.so(8)). Only reads files.
 *
 * Any file is safe to pass: its bytes are hostile, and it may be no program at all. LIMITATIONS: of
 * a script only the interpreter is checked, and programs that the program starts are not; libraries
 * that a library needs are not followed.
 */
#ifndef OOMLAB_LAUNCH_PRELOAD_H
#define OOMLAB_LAUNCH_PRELOAD_H

#include "base/err.h"

#define PRELOAD_NAME "liboomlab_preload.so"

/* The path of the library inside a container. */
#define PRELOAD_IN_CONTAINER "/.oomlab_preload.so"

/*
 * 0 when the dynamic linker will load the library into the program at `path`; -1 with status 125
 * and the reason: it is static, uses another C library, is for another machine, is privileged (its
 * mode or capabilities), or brings a sanitizer's allocator.
 */
int preload_check(const char *path, struct err *err);

/*
 * 0 when LD_PRELOAD can name the library at `path`, or -1 with the reason. Reads the whole file, so
 * that its pages are charged to this process and not to the target.
 */
int preload_check_library(const char *path, struct err *err);

#endif
