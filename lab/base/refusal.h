/*
 * refusal.h - why the kernel gave nothing, with what it takes where that is the reason.
 */
#ifndef OOMLAB_BASE_REFUSAL_H
#define OOMLAB_BASE_REFUSAL_H

#include <stddef.h>

/*
 * Writes "WHAT: Permission denied (needs NEEDS)" into why; `needs` is said of EPERM and EACCES
 * alone. cause: an errno value.
 */
void refusal_words(char *why, size_t size, const char *what, int cause, const char *needs);

#endif
