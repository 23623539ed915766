/*
 * memory_fs.h - opens files whose file system is in memory, and never waits for another one.
 *
 * A file system that a process of the target serves (fuse(4)) may never answer, least of all while
 * that process is frozen, and no deadline ends a system call that waits for it. So the kernel is
 * asked first what it knows by itself: of a file its device, of a folder its mount.
 *
 * Pattern of use: memory_fs_add() for each process; memory_fs_open() for each file. Not thread
 * safe. LIMITATION: a file is passed over where neither oomlab nor a process that was added sees
 * its file system mounted, and so are mounts below a folder of a FUSE file system.
 */
#ifndef OOMLAB_SNAPSHOT_MEMORY_FS_H
#define OOMLAB_SNAPSHOT_MEMORY_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* A container engine's host has a tmpfs for each container; those past this are passed over. */
enum { MEMORY_FS_MAX = 256 };

/* File systems in memory. Zero-initialise, but for is_tmpfs_alone. */
struct memory_fs {
	bool is_tmpfs_alone; /* tmpfs and memfds of small pages; false: also huge pages and ramfs */
	dev_t devices[MEMORY_FS_MAX];
	size_t count;
};

/* Adds what the process sees mounted, and at the first call what oomlab sees. proc: "/proc". */
void memory_fs_add(struct memory_fs *fs, const char *proc, pid_t pid);

/*
 * Opens `name` below `dir` with O_PATH where its file system is one of fs, and fills *st. flags:
 * 0, or O_NOFOLLOW. Returns the descriptor, which is the caller's, or -1.
 */
int memory_fs_open(const struct memory_fs *fs, int dir, const char *name, int flags,
		   struct stat *st);

/*
 * Opens the tmpfs at a mount point of the process for reading. mounts: the text of the process's
 * mountinfo (proc(5)). Returns the descriptor, which is the caller's, or -1: it is none, or the way
 * to it leads over a FUSE file system or a symbolic link.
 */
int memory_fs_open_mount(pid_t pid, const char *mounts, const char *point);

#endif
