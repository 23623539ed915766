#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

int64_t io_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int io_read_fd(int fd, size_t limit, struct strbuf *sb)
{
	char chunk[4096];
	size_t start = sb->len;

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		if (sb->len - start + (size_t)n > limit)
			return -EFBIG;
		strbuf_append(sb, chunk, (size_t)n);
	}
}

int io_read_at(int dirfd, const char *path, size_t limit, struct strbuf *sb)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : io_read_fd(fd, limit, sb);
}

int io_read_line_at(int dirfd, const char *path, char *buf, size_t size)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	int r = io_read_at(dirfd, path, size - 1, &sb);

	if (r)
		return r;
	snprintf(buf, size, "%s", sb.buf);
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

int io_read_number_at(int dirfd, const char *path, int64_t *value)
{
	char text[64], *end;
	int r = io_read_line_at(dirfd, path, text, sizeof(text));

	if (r)
		return r;
	if (!strcmp(text, "max")) {
		*value = INT64_MAX;
		return 0;
	}
	errno = 0;
	*value = strtoll(text, &end, 10);
	return errno || end == text || *end ? -EINVAL : 0;
}

int io_write_at(int dirfd, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, strlen(text));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int io_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int64_t io_keyed_number(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, key, n) && p[n] == ' ')
			return strtoll(p + n + 1, NULL, 10);
	}
	return -1;
}

int io_make_dirs(const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path);
	struct stat st;

	for (char *p = copy + 1; *copy && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	if (!mkdir(copy, 0777))
		return 0;
	if (errno != EEXIST)
		return -errno;
	return !stat(path, &st) && S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path) < 0 ? -1 : 0;
}

int io_remove_tree(const char *path)
{
	return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0 ? -errno : 0;
}

char *io_program_path(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	return n < 0 ? NULL : xstrndup(path, (size_t)n);
}

char *io_program_dir(void)
{
	char *path = io_program_path();
	char *slash = path ? strrchr(path, '/') : NULL;

	if (slash)
		slash[slash == path] = '\0';
	return path;
}

char *io_installed_file(const char *name)
{
	_cleanup_free_ char *here = io_program_dir();
	char *beside = text_format("%s/%s", here ? here : ".", name), *installed;

	if (access(beside, R_OK) == 0)
		return beside;
	free(beside);
	installed = text_format("%s/../lib/oomlab/%s", here ? here : ".", name);
	if (access(installed, R_OK) == 0)
		return installed;
	free(installed);
	return NULL;
}

bool io_is_executable(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}
