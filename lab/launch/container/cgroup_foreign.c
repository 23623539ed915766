#include "launch/container/cgroup_foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"

enum { ID_LENGTH_MIN = 12, PROCS_BYTES_MAX = 1 << 20 };

bool cgroup_foreign_is_named_for(const char *path, const char *id)
{
	const char *slash = strrchr(path, '/');

	return slash && strlen(id) >= ID_LENGTH_MIN && strstr(slash, id);
}

/*
 * The level of the container. The process may be below it, where a runtime has made "/container".
 */
static const struct cg_level *find_level(const struct cg *cg, const char *id)
{
	for (int i = 0; i < cg->level_count; i++)
		if (cgroup_foreign_is_named_for(cg->levels[i].path, id))
			return &cg->levels[i];
	return NULL;
}

static bool is_listed(int dirfd, pid_t pid)
{
	_cleanup_strbuf_ struct strbuf procs = STRBUF_INIT;

	if (io_read_at(dirfd, "cgroup.procs", PROCS_BYTES_MAX, &procs))
		return false;
	for (char *rest = procs.buf, *line; (line = strsep(&rest, "\n"));)
		if (atoi(line) == pid)
			return true;
	return false;
}

static bool is_same(int a, int b)
{
	struct stat one, other;

	return !fstat(a, &one) && !fstat(b, &other) && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

/* Whether oomlab is in that cgroup or below it. */
static bool holds_lab(const struct cg_level *level, const struct cg *own)
{
	for (int i = 0; i < own->level_count; i++)
		if (is_same(level->dirfd, own->levels[i].dirfd))
			return true;
	return false;
}

int cgroup_foreign_check(const struct cg *cg, const struct cg *own, pid_t pid, const char *id,
			 struct err *err)
{
	const char *path = cg->level_count ? cg->levels[0].path : "";
	const struct cg_level *level = find_level(cg, id);
	struct stat above;

	if (!level)
		return err_set(err, EXIT_LAB_BROKEN,
			       "process %d, in cgroup '%s', is not of the container", (int)pid,
			       path);
	if (!is_listed(cg->levels[0].dirfd, pid))
		return err_set(err, EXIT_LAB_BROKEN,
			       "cgroup '%s' of process %d cannot be seen from here", path,
			       (int)pid);
	if (fstatat(level->dirfd, "..", &above, 0) < 0 ||
	    (above.st_uid != 0 && above.st_uid != geteuid()))
		return err_set(err, EXIT_LAB_BROKEN,
			       "process %d is in cgroup '%s', which another user can have made",
			       (int)pid, path);
	if (holds_lab(level, own))
		return err_set(err, EXIT_LAB_BROKEN,
			       "cgroup '%s' of process %d holds oomlab itself", path, (int)pid);
	return 0;
}
