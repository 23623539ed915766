/*
 * initramfs.h - writes the guest's root file system: a cpio archive ("newc", not compressed; the
 * kernel's Documentation/driver-api/early-userspace/buffer-format.rst) of files that keep the
 * absolute paths they have on the host.
 *
 * Pattern of use:
 *	struct initramfs *fs = initramfs_new(fd, err);
 *	initramfs_node(fs, "/dev/console", S_IFCHR | 0600, makedev(5, 1), err);
 *	initramfs_program(fs, "/usr/bin/python3", err);
 *	initramfs_finish(fs, err);
 *	initramfs_free(fs);
 *
 * Each call adds the directories above a path as well. A symbolic link on the way is packed as a
 * link, and what it points to at its own place, so that every name that led to a file on the host
 * leads to it in the guest. A path that is packed already is not packed again.
 * File names are bytes: only NUL and newline (in the names of libraries) are special.
 * Owners are root, times are 0: the same input gives the same archive. No root, no mknod needed.
 * After the first failure the archive is useless; only initramfs_free() may follow.
 * LIMITATIONS: hard links become copies; no extended attributes; files of 4 GiB and more are
 * refused (a limit of the format).
 */
#ifndef OOMLAB_LAUNCH_VM_INITRAMFS_H
#define OOMLAB_LAUNCH_VM_INITRAMFS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct initramfs;

/*
 * Starts an archive on fd (borrowed, written from its position). The caller frees; NULL on failure.
 */
struct initramfs *initramfs_new(int fd, struct err *err) __attribute__((nonnull));
void initramfs_free(struct initramfs *fs);

/* Writes the end of the archive. Returns 0 or -1. */
int initramfs_finish(struct initramfs *fs, struct err *err);

/* Adds a directory, mode 0755. Returns 0 or -1. */
int initramfs_dir(struct initramfs *fs, const char *path, struct err *err);

/* Adds a device node; mode with S_IFCHR or S_IFBLK. Returns 0 or -1. */
int initramfs_node(struct initramfs *fs, const char *path, mode_t mode, dev_t dev, struct err *err);

/* Adds a regular file holding `data`. Returns 0 or -1. */
int initramfs_data(struct initramfs *fs, const char *path, mode_t mode, const void *data,
		   size_t len, struct err *err);

/* Adds the host's file `from` under the name `path`. Returns 0 or -1. */
int initramfs_copy(struct initramfs *fs, const char *path, const char *from, struct err *err);

/*
 * Adds what is at `path` on the host: a regular file, a directory (with everything in it), a link
 * with what it leads to. Sockets, pipes and devices are refused. In a directory a symbolic link that leads
 * nowhere, or up to a directory above itself, is packed as it is and not followed. A file that
 * shrinks while it is read is an error. Returns 0 or -1.
 * pre: path is absolute.
 */
int initramfs_file(struct initramfs *fs, const char *path, struct err *err);

/*
 * As initramfs_file(), and all that the program at `path` loads: its ELF interpreter and the
 * libraries that interpreter lists for it (by running `INTERPRETER --list PROGRAM`, with this
 * process's environment), or the interpreter in its "#!" line and what that one loads.
 * Not seen: libraries opened with dlopen(), such as those of NSS and of Python's modules.
 * Returns 0 or -1: not readable, no program, a library that is not found.
 */
int initramfs_program(struct initramfs *fs, const char *path, struct err *err);

#endif
