/*
 * io.h - small files and descriptors: whole reads and writes, paths, time. libc only.
 *
 * A file that is longer than the given limit is an error, never cut in silence. Errors are -errno:
 * the caller knows what to tell the user. Relative paths are below dirfd (AT_FDCWD: below the
 * working directory).
 */
#ifndef OOMLAB_BASE_IO_H
#define OOMLAB_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/strbuf.h"

/* CLOCK_MONOTONIC in ns: the clock of every time in a record. */
int64_t io_now_ns(void);

/* Appends a file of at most `limit` bytes to sb. 0 or -errno (-EFBIG when it is longer). */
int io_read_at(int dirfd, const char *path, size_t limit, struct strbuf *sb);
int io_read_fd(int fd, size_t limit, struct strbuf *sb);

/* Reads a file of one line into buf (newline dropped). 0 or -errno (-EFBIG: did not fit). */
int io_read_line_at(int dirfd, const char *path, char *buf, size_t size);

/* Reads a file that holds one number, or "max" as INT64_MAX. 0 or -errno (-EINVAL). */
int io_read_number_at(int dirfd, const char *path, int64_t *value);

/* Writes the text by one write(2), as files of the kernel need it; creates nothing. 0 or -errno. */
int io_write_at(int dirfd, const char *path, const char *text);

/* Writes all of it; retries short writes and EINTR. 0 or -errno. */
int io_write_all(int fd, const void *data, size_t len);

/*
 * The value of `key` in a "flat keyed" file of the kernel, "key value\n..." (memory.stat,
 * memory.events; Documentation/admin-guide/cgroup-v2.rst); -1 when it is not there.
 */
int64_t io_keyed_number(const char *text, const char *key);

/* Creates a directory and its parents (0777 & ~umask). 0 or -errno. */
int io_make_dirs(const char *path);

/* Removes a file tree, never following symbolic links. 0 or -errno of the first failure. */
int io_remove_tree(const char *path);

/* Directory of the running program, malloc'd; NULL when /proc is not there. */
char *io_program_dir(void);

/* A file beside the running program, or where `make install` puts it; malloc'd; NULL: neither. */
char *io_installed_file(const char *name);
/* Path of the running program, malloc'd; NULL when /proc is not there. */
char *io_program_path(void);

/* True for a regular file that this user may execute. */
bool io_is_executable(const char *path);

#endif
