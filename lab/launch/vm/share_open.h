/*
 * share_open.h - opens files for a virtiofsd that is root only in its own user namespace.
 *
 * An overlay in the guest opens its lower files with O_NOATIME, which the kernel allows only to the
 * owner of a file (open(2)), so virtiofsd could not open root's files. A seccomp filter hands each
 * such openat() to a process of ours, the opener (seccomp_unotify(2)). It opens the file without
 * the flag and puts the descriptor into virtiofsd. The mounts are read-only, so no access time
 * changes. The filter also lets setgroups(), which a namespace of one user forbids, succeed without
 * effect: the user's groups only let virtiofsd read what the user may read anyway. Needs Linux 5.14
 * (SECCOMP_ADDFD_FLAG_SEND).
 */
#ifndef OOMLAB_LAUNCH_VM_SHARE_OPEN_H
#define OOMLAB_LAUNCH_VM_SHARE_OPEN_H

/*
 * Sets the filter and starts the opener. Call it in the child that becomes virtiofsd, between
 * fork() and exec; it makes only calls that are safe there. pre: the child leads a process group,
 * which the opener joins. Each of the two dies when the other does. Returns 0, or -1 with errno.
 */
int share_open_serve(void);

/*
 * Makes the launcher a child subreaper, before virtiofsd is started: it can then reap the opener,
 * by the process group of virtiofsd, where no init does, as in many containers.
 */
void share_open_adopt(void);

#endif
