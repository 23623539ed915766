/*
 * exec_name.h - finds by which of its names a program was started.
 *
 * Internal to lab/symbols. The kernel names a mapped file by the path that symbolic links lead to.
 * A program may have other names (redis-server is a link to redis-check-rdb, sh one to busybox),
 * and people know it by the one that it was started by.
 */
#ifndef OOMLAB_SYMBOLS_EXEC_NAME_H
#define OOMLAB_SYMBOLS_EXEC_NAME_H

#include <sys/types.h>

/*
 * The path that a process was started by, if that is another name of the file `exe`; NULL: it is
 * `exe`, or not known. comm: the kernel's name of the process at its start (comm in proc(5)). The
 * path is looked for at `hint`, which may be NULL, in the process's first argument, beside `exe`,
 * and in PATH; it must have the name `comm` and lead to that very file. The caller frees.
 */
char *exec_name(pid_t pid, const char *comm, const char *exe, const char *hint);

#endif
