/*
 * preload.h - whether the preload library would reach a program, seen from its file; effects: reads
 * files.
 *
 * Any file is safe to ask about: it is the user's, and may be no program at all.
 * LIMITATIONS: of a script only its interpreter is looked at, and what a program starts in turn not
 * at all; libraries that a library needs are not followed.
 */
#ifndef OOMLAB_LAUNCH_PRELOAD_H
#define OOMLAB_LAUNCH_PRELOAD_H

#include "base/err.h"

#define PRELOAD_NAME "liboomlab_preload.so"

/* Where it is bound in a container. */
#define PRELOAD_IN_CONTAINER "/.oomlab_preload.so"

/*
 * 0 when the dynamic linker will load the library into the program at `path`; -1 with status 125
 * and one line that says why not: static, another C library, another machine, privileged by its
 * file, a sanitizer's allocator.
 */
int preload_check(const char *path, struct err *err);

/*
 * 0 when LD_PRELOAD can name the library at `path`. Reads all of it, so that its pages are charged
 * to this process rather than to the target.
 */
int preload_check_library(const char *path, struct err *err);

#endif
