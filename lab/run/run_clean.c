#include "run/run_clean.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/folder.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/record.h"
#include "run/run_dir.h"

enum { DEPTH_MOST = 8, TAIL_BYTES = 4096 };
#define DIGITS "0123456789"

/* "-20261130T212308Z-13477", at the end of the name. */
#define STAMP_FORM  \
	"-dddddddd" \
	"Tdddddd"   \
	"Z-"

struct old_run {
	char *name;
	const char *stamp; /* within the name: sorts by time, then by process */
};

struct old_runs {
	struct old_run *items;
	size_t count;
};

/* "13477", or "13477-2" of the second run in that second. */
static bool is_number_of_run(const char *text)
{
	size_t n = strspn(text, DIGITS);

	if (!n || !text[n])
		return n > 0;
	return text[n] == '-' && text[n + 1] && !text[n + 1 + strspn(text + n + 1, DIGITS)];
}

static const char *find_stamp(const char *name)
{
	const size_t n = strlen(STAMP_FORM);

	for (const char *at = strchr(name, '-'); at; at = strchr(at + 1, '-')) {
		size_t i = 0;

		while (i < n && at[i] &&
		       (STAMP_FORM[i] == 'd' ? isdigit((unsigned char)at[i])
					     : at[i] == STAMP_FORM[i]))
			i++;
		if (i == n && is_number_of_run(at + n))
			return at + 1;
	}
	return NULL;
}

static pid_t launcher_of(const char *stamp)
{
	long pid = strtol(stamp + strlen(STAMP_FORM) - 1, NULL, 10);

	return pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

static int open_below(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A record that ends has one of these near its end. */
static bool has_ended(int dirfd)
{
	_cleanup_close_ int fd =
		openat(dirfd, RECORD_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char tail[TAIL_BYTES + 1];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	n = pread(fd, tail, TAIL_BYTES, st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0);
	tail[n < 0 ? 0 : n] = '\0';
	return strstr(tail, "\"ev\":\"end\"") || strstr(tail, "\"ev\":\"" RECORD_CLOSED "\"") ||
	       strstr(tail, "\"ev\":\"guardian\"");
}

static bool has_file(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* The file by which a folder of this user is known: a run's record, a suite's journal; or NULL. */
static const char *marker_of(int dirfd)
{
	struct stat folder;

	if (fstat(dirfd, &folder) < 0 || folder.st_uid != geteuid())
		return NULL;
	if (has_file(dirfd, RECORD_FILE))
		return RECORD_FILE;
	return has_file(dirfd, RUN_DIR_JOURNAL) ? RUN_DIR_JOURNAL : NULL;
}

/* A suite writes its summary last. */
static bool is_running(int dirfd, const char *marker, pid_t launcher)
{
	bool is_over = strcmp(marker, RECORD_FILE) ? has_file(dirfd, "suite.json")
						   : has_ended(dirfd);

	return launcher && !is_over && (kill(launcher, 0) == 0 || errno == EPERM);
}

static void note(struct run_clean *clean, int reports, const char *name, struct old_runs *runs)
{
	const char *stamp = find_stamp(name);
	_cleanup_close_ int fd = stamp ? open_below(reports, name) : -1;
	const char *marker = fd < 0 ? NULL : marker_of(fd);
	struct old_run run = {0};

	if (!marker)
		return;
	if (is_running(fd, marker, launcher_of(stamp))) {
		clean->running++;
		return;
	}
	run.name = xstrdup(name);
	run.stamp = find_stamp(run.name);
	runs->items = xrealloc(runs->items, runs->count + 1, sizeof(*runs->items));
	runs->items[runs->count++] = run;
}

static int newest_first(const void *a, const void *b)
{
	const struct old_run *x = a, *y = b;

	return strcmp(y->stamp, x->stamp);
}

/*
 * Removes what is in the folder, and adds up what it had; the first error, or 0. The file `spared`
 * (NULL: none) stays: by it the rest is known for a run's, should this be interrupted.
 */
static int empty_below(int dirfd, const char *spared, int depth, int64_t *bytes)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		_cleanup_close_ int below = -1;
		struct stat st;
		bool is_folder;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    (spared && !strcmp(entry->d_name, spared)))
			continue;
		if (fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		is_folder = S_ISDIR(st.st_mode);
		below = is_folder && depth < DEPTH_MOST ? open_below(dirfd, entry->d_name) : -1;
		if (below >= 0)
			empty_below(below, NULL, depth + 1, bytes);
		if (unlinkat(dirfd, entry->d_name, is_folder ? AT_REMOVEDIR : 0) < 0)
			r = r ? r : -errno;
		else
			*bytes += (int64_t)st.st_blocks * 512;
	}
	return r;
}

static int remove_run(struct run_clean *clean, int reports, const char *name)
{
	_cleanup_close_ int fd = open_below(reports, name);
	const char *marker = fd < 0 ? NULL : marker_of(fd);
	struct stat record;
	int r;

	if (fd < 0)
		return -errno;
	r = marker ? empty_below(fd, marker, 0, &clean->bytes) : -EPERM;
	if (r)
		return r;
	if (fstatat(fd, marker, &record, AT_SYMLINK_NOFOLLOW) < 0 || unlinkat(fd, marker, 0) < 0)
		return -errno;
	clean->bytes += (int64_t)record.st_blocks * 512;
	return unlinkat(reports, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* A name may hold anything. */
static void list_one(FILE *list, const char *name)
{
	_cleanup_free_ char *plain = xstrdup(name);

	text_neutralise(plain);
	fprintf(list, "%s\n", plain);
}

static int remove_old(struct run_clean *clean, int reports, const struct old_runs *runs,
		      struct err *err)
{
	int status = 0;

	for (size_t i = 0; i < runs->count; i++) {
		int r = 0;

		if (i < clean->keep) {
			clean->kept++;
			continue;
		}
		if (clean->list)
			list_one(clean->list, runs->items[i].name);
		else
			r = remove_run(clean, reports, runs->items[i].name);
		clean->removed += !r;
		if (r && !status)
			status = err_set(err, EXIT_FAILED, "cannot remove '%s/%s': %s",
					 clean->reports, runs->items[i].name, strerror(-r));
	}
	return status;
}

int run_clean(struct run_clean *clean, struct err *err)
{
	_cleanup_(folder_close) struct folder reports = FOLDER_INIT;
	_cleanup_closedir_ DIR *dir = NULL;
	struct old_runs runs = {0};
	struct dirent *entry;
	int fd, r;

	if (folder_open(&reports, clean->reports, err) < 0)
		return -1;
	fd = openat(reports.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (entry = readdir(dir)))
		note(clean, reports.fd, entry->d_name, &runs);
	if (runs.count)
		qsort(runs.items, runs.count, sizeof(*runs.items), newest_first);
	r = remove_old(clean, reports.fd, &runs, err);
	for (size_t i = 0; i < runs.count; i++)
		free(runs.items[i].name);
	free(runs.items);
	return r;
}
