#include "symbols/exec_name.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

enum { COMM_LEN = 15, ARGUMENTS_MAX = 1 << 20 };

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* comm holds the first 15 bytes of the name. */
static bool is_called(const char *comm, const char *path)
{
	const char *name = base_name(path);

	return !strncmp(name, comm, COMM_LEN) &&
	       (strlen(comm) == COMM_LEN || strlen(name) == strlen(comm));
}

static bool is_file(const char *path, const struct stat *file)
{
	struct stat st;

	return *path == '/' && stat(path, &st) == 0 && st.st_dev == file->st_dev &&
	       st.st_ino == file->st_ino;
}

/* NULL: the process has ended, or has changed its arguments. */
static char *first_argument(pid_t pid, const char *comm)
{
	_cleanup_free_ char *path = text_format("/proc/%d/cmdline", (int)pid);
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	if (io_read_at(AT_FDCWD, path, ARGUMENTS_MAX, &sb) || !sb.len || !is_called(comm, sb.buf))
		return NULL;
	return xstrdup(sb.buf);
}

/* The path that an argument names, absolute; NULL: not known. */
static char *absolute_path(pid_t pid, const char *argument)
{
	_cleanup_free_ char *link = text_format("/proc/%d/cwd", (int)pid);
	char cwd[4096];
	ssize_t n;

	if (*argument == '/')
		return xstrdup(argument);
	n = readlink(link, cwd, sizeof(cwd));
	if (n <= 0 || (size_t)n == sizeof(cwd))
		return NULL;
	argument += text_starts_with(argument, "./") ? 2 : 0;
	return text_format("%.*s/%s", (int)n, cwd, argument);
}

/* The path of the file in one of the folders, which colons separate; NULL: it is in none. */
static char *in_folders(const char *folders, const char *name, const struct stat *file)
{
	for (const char *at = folders; *at; at += *at == ':') {
		size_t len = strcspn(at, ":");
		_cleanup_free_ char *path = text_format("%.*s/%s", (int)len, at, name);

		if (is_file(path, file))
			return STEAL(path);
		at += len;
	}
	return NULL;
}

static char *search(const char *name, const char *exe, const struct stat *file)
{
	_cleanup_free_ char *beside = xstrndup(exe, (size_t)(base_name(exe) - exe - 1));
	const char *folders = getenv("PATH");
	char *found = in_folders(beside, name, file);

	return found || !folders ? found : in_folders(folders, name, file);
}

char *exec_name(pid_t pid, const char *comm, const char *exe, const char *hint)
{
	_cleanup_free_ char *argument = NULL, *given = NULL;
	struct stat file;

	if (!*comm || *exe != '/' || is_called(comm, exe) || stat(exe, &file) < 0)
		return NULL;
	if (hint && is_called(comm, hint) && is_file(hint, &file))
		return xstrdup(hint);
	argument = first_argument(pid, comm);
	if (argument && strchr(argument, '/'))
		given = absolute_path(pid, argument);
	if (given && is_file(given, &file))
		return STEAL(given);
	/* comm may be cut, and then the rest of the name is not known. */
	if (!argument && strlen(comm) == COMM_LEN)
		return NULL;
	return search(argument ? base_name(argument) : comm, exe, &file);
}
