#include "run_dir.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

		if (!mkdir(numbered, 0777))
			return STEAL(numbered);
		if (errno != EEXIST)
			r = -errno;
	}
	err_set(err, EXIT_LAB_BROKEN, "cannot make a folder in '%s': %s", reports, strerror(-r));
	err_hint(err, "choose another with --reports");
	return NULL;
}

void run_dir_point_latest(const char *reports, const char *dir)
{
	_cleanup_free_ char *temporary = text_format("%s/.latest-%d", reports, (int)getpid());
	_cleanup_free_ char *latest = text_format("%s/latest", reports);

	if (symlink(strrchr(dir, '/') + 1, temporary) < 0)
		return;
	if (rename(temporary, latest) < 0)
		unlink(temporary);
}
