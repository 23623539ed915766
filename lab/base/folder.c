#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

enum { TRIES = 100, READ_FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

int folder_open(struct folder *folder, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*folder = (struct folder)FOLDER_INIT;
	if (fd < 0)
		return err_errno(err, EXIT_FAILED, "cannot open the folder '%s'", path);
	*folder = (struct folder){fd, xstrdup(path)};
	return 0;
}

void folder_close(struct folder *folder)
{
	if (folder->fd >= 0)
		close(folder->fd);
	free(folder->path);
	*folder = (struct folder)FOLDER_INIT;
}

static const char *kind_of(mode_t mode)
{
	if (S_ISLNK(mode))
		return "symbolic link";
	return S_ISDIR(mode) ? "folder" : "pipe, socket or device";
}

/* A user can make a hard link to a file that they may not read. */
static bool is_foreign_hard_link(const struct folder *folder, const struct stat *st)
{
	struct stat dir;

	return st->st_nlink > 1 && !fstatat(folder->fd, ".", &dir, 0) && st->st_uid != dir.st_uid;
}

static int refuse_kind(const char *path, const struct stat *st, struct err *err)
{
	return err_set(err, EXIT_FAILED, "cannot read '%s': it is no file but a %s", path,
		       kind_of(st->st_mode));
}

/*
 * True when what could not be opened is no regular file; *st describes it, or what it leads to when
 * it is a link to no regular file. errno stays.
 */
static bool is_no_file(const struct folder *folder, const char *name, struct stat *st)
{
	int cause = errno;
	bool is_known = !fstatat(folder->fd, name, st, AT_SYMLINK_NOFOLLOW);
	struct stat there;

	if (is_known && S_ISLNK(st->st_mode) && !fstatat(folder->fd, name, &there, 0) &&
	    !S_ISREG(there.st_mode))
		*st = there;
	errno = cause;
	return is_known && !S_ISREG(st->st_mode);
}

int folder_read(const struct folder *folder, const char *name, struct err *err)
{
	_cleanup_free_ char *path = text_format("%s/%s", folder->path, name);
	_cleanup_close_ int fd = openat(folder->fd, name, READ_FLAGS | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 && is_no_file(folder, name, &st))
		return refuse_kind(path, &st, err);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, EXIT_FAILED, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode))
		return refuse_kind(path, &st, err);
	if (is_foreign_hard_link(folder, &st))
		return err_set(
			err, EXIT_FAILED,
			"cannot read '%s': it is a file of uid %u that has more than one name, and the folder is another's",
			path, st.st_uid);
	return STEAL_FD(fd);
}

int folder_read_path(const char *path, struct err *err)
{
	_cleanup_close_ int fd = open(path, READ_FLAGS);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, EXIT_FAILED, "cannot read '%s'", path);
	return S_ISREG(st.st_mode) ? STEAL_FD(fd) : refuse_kind(path, &st, err);
}

/* The dot hides the file where reports are listed; the name is cut to fit into NAME_MAX. */
static void make_random_name(char *to, const char *name)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = (uint64_t)io_now_ns();
	snprintf(to, FOLDER_NAME_MAX, ".%.64s-%016" PRIx64, name, random);
}

/* Under a random name, which `temporary` gets. The descriptor, or -errno. */
static int create_temporary(const struct folder *folder, const char *name, char *temporary)
{
	for (int i = 0; i < TRIES; i++) {
		int fd;

		make_random_name(temporary, name);
		fd = openat(folder->fd, temporary,
			    O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (fd >= 0 || errno != EEXIST)
			return fd < 0 ? -errno : fd;
	}
	return -EEXIST;
}

static int rename_into_place(const struct folder *folder, const char *temporary, const char *name)
{
	int cause;

	if (!renameat(folder->fd, temporary, folder->fd, name))
		return 0;
	cause = errno;
	unlinkat(folder->fd, temporary, 0);
	return -cause;
}

static int fail(const struct folder *folder, const char *name, int r, struct err *err)
{
	errno = -r;
	return err_errno(err, EXIT_LAB_BROKEN, "cannot write '%s/%s'", folder->path, name);
}

static int link_temporary(const struct folder *folder, int fd, const char *name, char *temporary)
{
	_cleanup_free_ char *self = text_format("/proc/self/fd/%d", fd);

	for (int i = 0; i < TRIES; i++) {
		make_random_name(temporary, name);
		if (!linkat(AT_FDCWD, self, folder->fd, temporary, AT_SYMLINK_FOLLOW))
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/*
 * The file gets its name when it is whole, so a writer that is killed leaves nothing behind. 0, or
 * -errno: not every file system has files without a name.
 */
static int write_unnamed(const struct folder *folder, const char *name, const void *data,
			 size_t len)
{
	_cleanup_close_ int fd = openat(folder->fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	char temporary[FOLDER_NAME_MAX];
	int r = fd < 0 ? -errno : io_write_all(fd, data, len);

	r = r ? r : link_temporary(folder, fd, name, temporary);
	return r ? r : rename_into_place(folder, temporary, name);
}

static int write_named(const struct folder *folder, const char *name, const void *data, size_t len)
{
	char temporary[FOLDER_NAME_MAX];
	int fd = create_temporary(folder, name, temporary);
	int r = fd < 0 ? fd : io_write_all(fd, data, len);

	if (fd >= 0 && close(fd) && !r)
		r = -errno;
	if (!r)
		r = rename_into_place(folder, temporary, name);
	else if (fd >= 0)
		unlinkat(folder->fd, temporary, 0);
	return r;
}

int folder_write(const struct folder *folder, const char *name, const void *data, size_t len,
		 struct err *err)
{
	int r = write_unnamed(folder, name, data, len);

	if (r)
		r = write_named(folder, name, data, len);
	return r ? fail(folder, name, r, err) : 0;
}

int folder_create_hidden(const struct folder *folder, const char *name, char *hidden,
			 struct err *err)
{
	int fd = create_temporary(folder, name, hidden);

	return fd < 0 ? fail(folder, name, fd, err) : fd;
}

int folder_show(const struct folder *folder, const char *hidden, const char *name, struct err *err)
{
	int r = rename_into_place(folder, hidden, name);

	return r < 0 ? fail(folder, name, r, err) : 0;
}

int folder_create(const struct folder *folder, const char *name, struct err *err)
{
	char hidden[FOLDER_NAME_MAX];
	_cleanup_close_ int fd = folder_create_hidden(folder, name, hidden, err);

	if (fd < 0 || folder_show(folder, hidden, name, err) < 0)
		return -1;
	return STEAL_FD(fd);
}

int folder_make_private(const struct folder *folder, char *name)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	make_random_name(name, "private");
	if (mkdirat(folder->fd, name, 0700) < 0)
		return -errno;
	fd = openat(folder->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || (st.st_mode & 077))
		return -EPERM;
	return STEAL_FD(fd);
}
