/*
 * accel.h - chooses between KVM and emulation (TCG), and remembers that KVM did not work.
 *
 * /dev/kvm may exist and not work; only a guest that boots proves it. The environment variable
 * OOMLAB_ACCEL=kvm|tcg forces the choice. A file in the cache (kernel_cache_dir()) says that KVM is
 * broken, until the host boots again.
 */
#ifndef OOMLAB_LAUNCH_VM_ACCEL_H
#define OOMLAB_LAUNCH_VM_ACCEL_H

#include <stdbool.h>

#include "base/err.h"

struct accel {
	const char *name; /* "kvm" or "tcg" */
	bool is_forced;	  /* by OOMLAB_ACCEL: the other one is not tried */
};

/* Says which to try first. 0, or -1: OOMLAB_ACCEL is neither "kvm" nor "tcg". */
int accel_choose(struct accel *accel, struct err *err);

/* Remembers until the next boot of the host that KVM does not work. A failure is ignored. */
void accel_remember_broken(void);

#endif
