/*
 * accel.h - KVM or emulation (TCG): what to try first, and the memory of what did not work.
 *
 * /dev/kvm may exist and not work; only a guest that boots proves it. The environment variable
 * OOMLAB_ACCEL=kvm|tcg forces the answer. That KVM is broken is remembered in the cache until the
 * host boots again.
 */
#ifndef OOMLAB_LAUNCH_VM_ACCEL_H
#define OOMLAB_LAUNCH_VM_ACCEL_H

#include <stdbool.h>

#include "base/err.h"

struct accel {
	const char *name; /* "kvm" or "tcg" */
	bool is_forced;	  /* by OOMLAB_ACCEL: the other is not tried */
};

/* Returns 0, or -1: OOMLAB_ACCEL has a value that is neither. */
int accel_choose(struct accel *accel, struct err *err);

/* Notes that KVM does not work until the next boot of the host; a failure to note is ignored. */
void accel_remember_broken(void);

#endif
