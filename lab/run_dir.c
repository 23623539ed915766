#include "run_dir.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
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

/* 0, or -errno. verb: "make", "latest", or NULL to ask only. */
static int ask_door(const char *reports, const char *verb, const char *name)
{
	int status;
	pid_t pid;

	if (strcmp(reports, RUN_DIR_DOOR_FOLDER) != 0)
		return -EACCES;
	pid = fork();
	if (pid == 0) {
		execl(RUN_DIR_DOOR, RUN_DIR_DOOR, verb, name, (char *)NULL);
		_exit(EACCES);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EACCES;
}

bool run_dir_may_make(const char *reports)
{
	return !access(reports, W_OK | X_OK) || !ask_door(reports, NULL, NULL);
}

static int make(const char *reports, const char *dir)
{
	if (!mkdir(dir, 0777))
		return 0;
	return errno == EACCES ? ask_door(reports, "make", strrchr(dir, '/') + 1) : -errno;
}

char *run_dir_make(const char *reports, const char *name, struct err *err)
{
	_cleanup_free_ char *safe = safe_name(name);
	char stamp[32];
	time_t now = time(NULL);
	int r = io_make_dirs(reports);

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime(&now));
	for (int i = 0; !r && i < 10000; i++) {
		_cleanup_free_ char *dir =
			text_format("%s/%s-%s-%d", reports, safe, stamp, (int)getpid());
		_cleanup_free_ char *numbered = i ? text_format("%s-%d", dir, i + 1) : xstrdup(dir);

		r = make(reports, numbered);
		if (!r)
			return STEAL(numbered);
		if (r == -EEXIST)
			r = 0;
	}
	err_set(err, EXIT_LAB_BROKEN, "cannot make a folder in '%s': %s", reports, strerror(-r));
	err_hint(err, "choose another with --reports");
	return NULL;
}

void run_dir_point_latest(const char *reports, const char *dir)
{
	const char *name = strrchr(dir, '/') + 1;
	/* A process number would be the same in every container. */
	_cleanup_free_ char *temporary = text_format("%s/.latest-%s", reports, name);
	_cleanup_free_ char *latest = text_format("%s/latest", reports);

	if (symlink(name, temporary) < 0) {
		if (errno == EACCES)
			ask_door(reports, "latest", name);
		return;
	}
	if (rename(temporary, latest) < 0)
		unlink(temporary);
}
