#include "run/run_dir.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/spawn.h"
#include "base/strbuf.h"
#include "base/text.h"

static char *safe_name(const char *name)
{
	const char *slash = strrchr(name, '/');
	char *safe = xstrndup(slash ? slash + 1 : name, 64);

	for (char *p = safe; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			*p = '_';
	if (!*safe || *safe == '.' || *safe == '-') {
		free(safe);
		return xstrdup("command");
	}
	return safe;
}

/* 0, or -errno. verb: "make", "latest", or NULL to ask whether the door works. */
static int ask_door(const char *reports, const char *verb, const char *name)
{
	const char *const argv[] = {RUN_DIR_DOOR, verb, name, NULL};
	const struct spawn door = {.argv = argv, .timeout_ns = SPAWN_FOREVER};
	int status;

	if (strcmp(reports, RUN_DIR_DOOR_FOLDER) != 0 || spawn_run(&door, NULL, NULL, &status))
		return -EACCES;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EACCES;
}

bool run_dir_may_make(const char *reports)
{
	return !access(reports, W_OK | X_OK) || !ask_door(reports, NULL, NULL);
}

static int make(const char *reports, const char *dir, bool *by_door)
{
	*by_door = false;
	if (!mkdir(dir, 0777))
		return 0;
	if (errno != EACCES)
		return -errno;
	*by_door = true;
	return ask_door(reports, "make", strrchr(dir, '/') + 1);
}

static bool is_empty(int fd)
{
	_cleanup_closedir_ DIR *dir = NULL;
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;

	if (again < 0)
		return false;
	dir = fdopendir(again);
	if (!dir) {
		close(again);
		return false;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return false;
	return true;
}

/*
 * Some mounts show what this user makes as another's. Then a new file belongs to that other as
 * well.
 */
static bool is_as_new_files(const struct folder *folder, uid_t owner)
{
	static const char name[] = ".owner";
	struct err ignored = ERR_INIT;
	_cleanup_close_ int fd = folder_create(folder, name, &ignored);
	struct stat st;

	if (fd < 0)
		return false;
	unlinkat(folder->fd, name, 0);
	return !fstat(fd, &st) && st.st_uid == owner;
}

/* Where others may rename, they may have put another folder in the place of the new one. */
static bool is_new(const struct folder *folder, const char *reports, bool by_door)
{
	struct stat st, above;

	if (fstat(folder->fd, &st) < 0 || stat(reports, &above) < 0 || !is_empty(folder->fd))
		return false;
	if (by_door)
		return st.st_uid == above.st_uid;
	return st.st_uid == geteuid() || is_as_new_files(folder, st.st_uid);
}

static int open_made(const char *reports, const char *dir, bool by_door, struct folder *made,
		     struct err *err)
{
	_cleanup_(folder_close) struct folder folder = FOLDER_INIT;

	folder.fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder.fd < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot open the new folder '%s'", dir);
	folder.path = xstrdup(dir);
	if (!is_new(&folder, reports, by_door)) {
		err_set(err, EXIT_LAB_BROKEN,
			"another folder has come into the place of the new '%s': somebody else writes in '%s'",
			dir, reports);
		return err_hint(err, "choose another with --reports");
	}
	*made = folder;
	folder = (struct folder)FOLDER_INIT;
	return 0;
}

int run_dir_make(const char *reports, const char *name, struct folder *made, struct err *err)
{
	_cleanup_free_ char *safe = safe_name(name);
	char stamp[32];
	time_t now = time(NULL);
	int r = io_make_dirs(reports);
	bool by_door;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime(&now));
	for (int i = 0; (!r || r == -EEXIST) && i < 10000; i++) {
		_cleanup_free_ char *dir =
			text_format("%s/%s-%s-%d", reports, safe, stamp, (int)getpid());
		_cleanup_free_ char *numbered = i ? text_format("%s-%d", dir, i + 1) : xstrdup(dir);

		r = make(reports, numbered, &by_door);
		if (!r)
			return open_made(reports, numbered, by_door, made, err);
	}
	err_set(err, EXIT_LAB_BROKEN, "cannot make a folder in '%s': %s", reports, strerror(-r));
	return err_hint(err, "choose another with --reports");
}

void run_dir_warning(const char *reports)
{
	struct stat st;

	if (!stat(reports, &st) && (st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
		fprintf(stderr,
			"oomlab: every user may rename and replace what is kept in '%s'; chmod +t or chmod o-w on it ends that\n",
			reports);
}

static bool may_replace(int reports, const char *path)
{
	struct stat st;

	if (fstatat(reports, "latest", &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISLNK(st.st_mode))
		return true;
	fprintf(stderr, "oomlab: '%s/latest' is no symbolic link and is left as it is\n", path);
	return false;
}

void run_dir_point_latest(const char *reports, const char *dir)
{
	_cleanup_close_ int fd = open(reports, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *name = strrchr(dir, '/') + 1;
	/* The pid would not make the name unique: in every container it may be the same. */
	_cleanup_free_ char *temporary = text_format(".latest-%s", name);

	if (fd < 0 || !may_replace(fd, reports))
		return;
	if (symlinkat(name, fd, temporary) < 0) {
		if (errno == EACCES)
			ask_door(reports, "latest", name);
		return;
	}
	if (renameat(fd, temporary, fd, "latest") < 0)
		unlinkat(fd, temporary, 0);
}
