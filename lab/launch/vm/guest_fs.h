/*
 * guest_fs.h - the files that the target sees in the guest: kernel file systems, a /tmp, and with
 * the host's files shared a root that can be written to. For PID 1 alone (guest.c).
 *
 * Whatever is written there lives in the guest's memory (tmpfs), is charged to the cgroup of who
 * writes it, and goes with the guest. The host's own files are never written.
 */
#ifndef OOMLAB_LAUNCH_VM_GUEST_FS_H
#define OOMLAB_LAUNCH_VM_GUEST_FS_H

#include <stdbool.h>

/* Mounts what the kernel itself offers, /dev to /dev/shm, below `root` ("": the guest's own). */
void guest_fs_mount_kernel(const char *root);

/*
 * Mounts the host's files, shared under GUEST_SHARE_TAG, and over them an overlay whose upper layer
 * is a tmpfs; the kernel's file systems in it. Returns the new root. A kernel without overlayfs
 * shows them read-only: *is_writable.
 */
const char *guest_fs_share_host(bool *is_writable);

/*
 * A tmpfs of its own on `root`/tmp: what was written there can be told from all else. What was
 * below it before (packed, or of the host) keeps its name there. A /tmp that is no folder stays.
 */
void guest_fs_mount_tmp(const char *root);

#endif
