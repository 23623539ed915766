/*
 * share_open.h - opens files for a virtiofsd that is root only in its own user namespace.
 *
 * An overlay in the guest opens its lower files with O_NOATIME, which the kernel grants to a file's
 * owner alone: virtiofsd could open none of root's. A seccomp filter hands each such openat() to a
 * process of ours, which opens the file without that flag and puts the descriptor into virtiofsd;
 * the mounts are read-only, so no access time changes. The same filter answers setgroups(), which a
 * namespace of one user forbids, with success: the user's groups only let it read what the user may
 * read anyway. Needs Linux 5.14 (SECCOMP_ADDFD_FLAG_SEND).
 */
#ifndef OOMLAB_LAUNCH_VM_SHARE_OPEN_H
#define OOMLAB_LAUNCH_VM_SHARE_OPEN_H

/*
 * Between fork() and exec of virtiofsd, which leads a process group, only calls that are safe
 * there: sets the filter, and starts the process that opens, in that group. It dies with this one,
 * and this one with it. Returns 0 or -1 with errno.
 */
int share_open_serve(void);

/*
 * In the launcher, before: when virtiofsd has ended, the process that opens is a child of this one,
 * in the process group of virtiofsd, and is waited for there: a container may have no init.
 */
void share_open_adopt(void);

#endif
