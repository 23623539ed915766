/* Finds where this user may make a cgroup. */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/cgroup.h"

/* True when `word` is one of the words of `text`, which blanks or commas separate. */
static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = strstr(text, word); p; p = strstr(p + 1, word))
		if ((p == text || strchr(" ,\n", p[-1])) && (!p[n] || strchr(" ,\n", p[n])))
			return true;
	return false;
}

/* Where a v1 controller or, for version 2, cgroup2 is mounted; false when it is not. */
static bool find_mount(int version, const char *controller, char *mount, size_t size)
{
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *m;
	bool found = false;

	while (f && !found && (m = getmntent(f))) {
		if (version == 2 ? strcmp(m->mnt_type, "cgroup2")
				 : strcmp(m->mnt_type, "cgroup") || !hasmntopt(m, controller))
			continue;
		found = (size_t)snprintf(mount, size, "%s", m->mnt_dir) < size;
	}
	if (f)
		endmntent(f);
	return found;
}

/* This process's path in /proc/self/cgroup: "0::/x" for v2, "4:memory:/x" for v1. */
static bool own_path(int version, const char *controller, char *path, size_t size)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	if (io_read_at(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &sb))
		return false;
	for (char *line = strtok(sb.buf, "\n"); line; line = strtok(NULL, "\n")) {
		char *names = strchr(line, ':');
		char *own = names ? strchr(names + 1, ':') : NULL;

		if (!own)
			continue;
		*own++ = '\0';
		if (version == 2 ? text_starts_with(line, "0:") : has_word(names + 1, controller))
			return (size_t)snprintf(path, size, "%s", own) < size;
	}
	return false;
}

static bool may_make_in(const char *mount, const char *path, int version)
{
	_cleanup_free_ char *dir = text_format("%s%s", mount, path);
	_cleanup_free_ char *control = text_format("%s/cgroup.subtree_control", dir);
	_cleanup_free_ char *procs = text_format("%s/cgroup.procs", dir);
	char words[256];

	if (access(dir, W_OK | X_OK) || access(procs, W_OK))
		return false;
	if (version == 1)
		return true;
	return !io_read_line_at(AT_FDCWD, control, words, sizeof(words)) &&
	       has_word(words, "memory");
}

/* Walks up from this process's cgroup to one that may have children with a memory controller. */
static bool find_parent(struct cg_home *home)
{
	char *path = home->parent;

	for (;;) {
		char *slash;

		if (may_make_in(home->mount, path, home->version))
			return true;
		slash = strrchr(path, '/');
		if (!slash || !strcmp(path, "/"))
			return false;
		slash[slash == path] = '\0';
	}
}

static bool try_version(struct cg_home *home, int version)
{
	home->version = version;
	if (!find_mount(version, "memory", home->mount, sizeof(home->mount)) ||
	    !own_path(version, "memory", home->parent, sizeof(home->parent)))
		return false;
	/* A path outside the mount's view (cgroup namespace) begins with "/..". */
	if (text_starts_with(home->parent, "/.."))
		strcpy(home->parent, "/");
	return find_parent(home);
}

static int explain_none(struct err *err)
{
	char mount[PATH_MAX];

	if (!find_mount(2, NULL, mount, sizeof(mount)) &&
	    !find_mount(1, "memory", mount, sizeof(mount)))
		return err_set(err, EXIT_SKIP, "no cgroup hierarchy is mounted here");
	err_set(err, EXIT_SKIP, "this user may not make a memory cgroup here");
	return err_hint(
		err,
		"use --backend=vm, or run it below a delegated cgroup: systemd-run --user --scope -p Delegate=yes, or as root");
}

int cg_open_freezer(void)
{
	char mount[PATH_MAX], path[PATH_MAX];
	_cleanup_free_ char *dir = NULL;

	if (!find_mount(1, "freezer", mount, sizeof(mount)) ||
	    !own_path(1, "freezer", path, sizeof(path)))
		return -1;
	dir = text_format("%s%s", mount, text_starts_with(path, "/..") ? "" : path);
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int cg_find_home(struct cg_home *home, struct err *err)
{
	memset(home, 0, sizeof(*home));
	if (try_version(home, 2) || try_version(home, 1))
		return 0;
	memset(home, 0, sizeof(*home));
	return explain_none(err);
}
