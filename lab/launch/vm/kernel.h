/*
 * kernel.h - finds the guest's kernel in the cache. It downloads nothing (fetch-kernel.sh does) and
 * runs nothing.
 *
 * The cache is $OOMLAB_CACHE; else $XDG_CACHE_HOME/oomlab, or ~/.cache/oomlab where HOME is set,
 * and after that /var/cache/oomlab, which serves every user of the machine.
 * It has one directory per kernel, named by the release (`uname -r`):
 *
 *	kernels/6.12.117+deb12-cloud-amd64/vmlinuz    as packaged
 *	kernels/6.12.117+deb12-cloud-amd64/vmlinux    the same, unpacked; optional: boots faster
 *	kernels/6.12.117+deb12-cloud-amd64/modules    names of .ko files beside it, in load order
 *	kernels/6.12.117+deb12-cloud-amd64/virtio_mmio.ko ...
 *
 * A file given by path is refused unless it begins as a kernel does. LIMITATION: whether it is one
 * for this machine shows only when it is booted.
 */
#ifndef OOMLAB_LAUNCH_VM_KERNEL_H
#define OOMLAB_LAUNCH_VM_KERNEL_H

#include <stddef.h>

#include "base/err.h"

#define KERNEL_DEFAULT_SERIES "6.12"

struct kernel {
	char *image;	/* path of the vmlinux or vmlinuz */
	char *release;	/* name of its directory, for messages */
	char **modules; /* paths of .ko files in load order; not NULL-terminated */
	size_t module_count;
};

/*
 * Finds the kernel that `wanted` names: a path (it has a '/'), a series such as "6.1" or a longer
 * prefix of a release ("6.1.0-56"; never part of a number: "6.1" is not 6.12), or NULL for the
 * default series. The newest match wins; the first cache directory that has one ends the search.
 * Modules are those listed in a file `modules` beside the image; a kernel by path needs none.
 * Returns 0, or -1 with a sentence that names the cure. The caller releases with kernel_release()
 * also after a failure. pre: *kernel is all zero.
 */
int kernel_find(const char *wanted, struct kernel *kernel, struct err *err)
	__attribute__((nonnull(2, 3), warn_unused_result));
void kernel_release(struct kernel *kernel);

/*
 * The directory for files that outlive a run: the first of the cache directories. It may not exist.
 * The caller frees.
 */
char *kernel_cache_dir(void);

#endif
