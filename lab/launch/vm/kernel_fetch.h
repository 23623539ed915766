/*
 * kernel_fetch.h - fetch-kernel.sh, which is part of this program, so that it is there wherever the
 * program was copied to.
 */
#ifndef OOMLAB_LAUNCH_VM_KERNEL_FETCH_H
#define OOMLAB_LAUNCH_VM_KERNEL_FETCH_H

#include "base/err.h"

/*
 * Runs that script, which tells how it goes. series: NULL-terminated; none: those that the script
 * fetches by itself. Returns its exit status, or -1 with err where sh(1) cannot be run.
 */
int kernel_fetch(char *const *series, struct err *err) __attribute__((nonnull));

/* The command line that fetches one, for messages: it works where it is pasted. The caller frees. */
char *kernel_fetch_command(const char *series) __attribute__((nonnull));

#endif
