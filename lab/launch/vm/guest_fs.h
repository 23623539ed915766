/*
 * guest_fs.h - mounts what the target sees in the guest: the kernel's file systems, a /tmp, and,
 * where the host's files are shared, a writable root over them. For PID 1 alone (guest.c), which a
 * failure ends (guest_complain.h).
 *
 * All that is written there lives in the guest's memory (tmpfs), is charged to the cgroup of the
 * writer, and is gone with the guest. The host's own files are never written.
 */
#ifndef OOMLAB_LAUNCH_VM_GUEST_FS_H
#define OOMLAB_LAUNCH_VM_GUEST_FS_H

#include <stdbool.h>

/* Mounts /dev, /proc, /sys and the like below `root` ("": the guest's own root). */
void guest_fs_mount_kernel(const char *root);

/* Mounts the host's files, shared under GUEST_SHARE_TAG, where no target sees them. */
void guest_fs_mount_host(void);

/*
 * Mounts over the host's files an overlay whose upper layer is a tmpfs, and the kernel's file systems
 * in it: for one request, in a mount namespace of its own. Returns the new root, a literal. Where
 * the kernel has no overlayfs, *is_writable is false and the files are read-only.
 */
const char *guest_fs_make_root(bool *is_writable);

/* Shows the scratch disk, where the guest has one, below a root that is not its own. */
void guest_fs_bind_scratch(const char *root);

/* Mounts a new tmpfs on /dev/shm, where the guest has one. */
void guest_fs_mount_shm(void);

/*
 * Mounts a tmpfs on `root`/tmp, so that what is written there can be told from all else, and binds
 * what was in /tmp before into it; `cwd`, that of the command, is among it. A /tmp that is no folder
 * stays as it is.
 */
void guest_fs_mount_tmp(const char *root, const char *cwd);

#endif
