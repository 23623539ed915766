/*
 * exec_name.h - by which of its names a program was started.
 *
 * Internal to lab/symbols. Who maps a file is told the path it has in the end: of a program that
 * goes by several names (redis-server is a symbolic link to redis-check-rdb, sh one to busybox)
 * that of the file that the link leads to. The name it was started by is the one people know.
 */
#ifndef OOMLAB_SYMBOLS_EXEC_NAME_H
#define OOMLAB_SYMBOLS_EXEC_NAME_H

#include <sys/types.h>

/*
 * The path that a process was started by, where that is another name of the file `exe`; NULL: it is
 * `exe`, or not known. comm: what the kernel called the process at its start. Looked for as the
 * process itself has it (its first argument), beside `exe`, and on the PATH, but first at `hint`,
 * which may be NULL; a path is taken only when it is called so and leads to that very file. The
 * caller frees.
 */
char *exec_name(pid_t pid, const char *comm, const char *exe, const char *hint);

#endif
