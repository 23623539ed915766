/*
 * Opens cgroups that somebody else made. A line of /proc/self/mountinfo (proc(5)) in a Docker
 * container on cgroup v1:
 *   81 77 0:32 /docker/5f22 /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory
 * The fourth word is the root of the mount: it is taken off the path that /proc/PID/cgroup gives.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/cgroup.h"

struct mount {
	char *root, *point; /* point into the text of mountinfo */
};

static bool has_option(const char *options, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = strstr(options, word); p; p = strstr(p + 1, word))
		if ((p == options || p[-1] == ',') && (!p[n] || p[n] == ','))
			return true;
	return false;
}

static bool read_mount(char *line, int version, struct mount *mount)
{
	char *tail = strstr(line, " - "), *words[5], *rest = line;
	char type[32], options[512];

	if (!tail || sscanf(tail, " - %31s %*s %511s", type, options) != 2)
		return false;
	if (version == 2 ? strcmp(type, "cgroup2") != 0
			 : strcmp(type, "cgroup") || !has_option(options, "memory"))
		return false;
	for (int i = 0; i < 5; i++)
		words[i] = strsep(&rest, " ");
	if (!words[4])
		return false;
	mount->root = words[3];
	mount->point = words[4];
	return true;
}

static bool find_mount(char *mountinfo, int version, struct mount *mount)
{
	for (char *line; (line = strsep(&mountinfo, "\n"));)
		if (read_mount(line, version, mount))
			return true;
	return false;
}

/* The path in a text of /proc/PID/cgroup (cgroups(7)): "0::/x" for v2, "4:memory:/x" for v1. */
static char *find_path(char *text, int version)
{
	for (char *line; (line = strsep(&text, "\n"));) {
		char *names = strchr(line, ':');
		char *path = names ? strchr(names + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		if (version == 2 ? !strcmp(line, "0:") : has_option(names + 1, "memory"))
			return path;
	}
	return NULL;
}

/* On v1 an exiting process is shown in "/". Flag 4 is PF_EXITING (include/linux/sched.h). */
static bool is_exiting(pid_t pid)
{
	_cleanup_free_ char *file = text_format("/proc/%d/stat", (int)pid);
	char text[1024], *name_end;
	unsigned long flags;

	if (io_read_line_at(AT_FDCWD, file, text, sizeof(text)))
		return true;
	name_end = strrchr(text, ')');
	return !name_end || sscanf(name_end, ") %*c %*d %*d %*d %*d %*d %lu", &flags) != 1 ||
	       (flags & 4);
}

char *cg_left_for(const struct cg *cg, pid_t pid)
{
	_cleanup_free_ char *file = text_format("/proc/%d/cgroup", (int)pid);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *own = cg->levels[0].path, *path;
	size_t n = own ? strlen(own) : 0;

	if (!n || io_read_at(AT_FDCWD, file, 1 << 20, &text))
		return NULL;
	path = find_path(text.buf, cg->version);
	if (!path || (!strncmp(path, own, n) && (!path[n] || path[n] == '/')) || is_exiting(pid))
		return NULL;
	return xstrdup(path);
}

/*
 * `path` below the root of the mount; "", the mount's top, where namespaces hide how they relate.
 */
static const char *below(const char *path, const char *root)
{
	size_t n = strcmp(root, "/") ? strlen(root) : 0;

	if (strncmp(path, root, n) || (path[n] && path[n] != '/') || strstr(path, "/.."))
		return "";
	return strcmp(path, "/") ? path + n : "";
}

static bool add_level(struct cg *cg, const char *dir, const char *path)
{
	struct cg_level *level = &cg->levels[cg->level_count];
	const char *file = cg->version == 2 ? "memory.max" : "memory.limit_in_bytes";

	level->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (level->dirfd < 0)
		return false;
	if (faccessat(level->dirfd, file, R_OK, 0) < 0) {
		close(level->dirfd);
		return false;
	}
	level->path = xstrdup(*path ? path : "/");
	cg->level_count++;
	return true;
}

/* The cgroup itself, then every ancestor that the mount shows and that can have a limit. */
static void add_levels(struct cg *cg, const struct mount *mount, char *path)
{
	_cleanup_free_ char *rest = xstrdup(below(path, mount->root));

	do {
		_cleanup_free_ char *dir = text_format("%s%s", mount->point, rest);
		char *slash = strrchr(rest, '/');

		if (!add_level(cg, dir, path) || !slash)
			return;
		*slash = '\0';
		slash = strrchr(path, '/');
		if (slash)
			*slash = '\0';
	} while (cg->level_count < CG_LEVELS && *rest);
}

static bool try_version(const char *pid, int version, struct cg *cg)
{
	_cleanup_strbuf_ struct strbuf mounts = STRBUF_INIT, cgroups = STRBUF_INIT;
	_cleanup_free_ char *file = text_format("/proc/%s/cgroup", pid);
	struct mount mount;
	char *path;

	if (io_read_at(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &mounts) ||
	    io_read_at(AT_FDCWD, file, 1 << 16, &cgroups) ||
	    !find_mount(mounts.buf, version, &mount))
		return false;
	path = find_path(cgroups.buf, version);
	if (!path)
		return false;
	*cg = (struct cg){.version = version};
	add_levels(cg, &mount, path);
	return cg->level_count > 0;
}

static int open_named(const char *pid, struct cg *cg, struct err *err)
{
	if (try_version(pid, 2, cg) || try_version(pid, 1, cg))
		return 0;
	*cg = (struct cg){0};
	return err_set(err, EXIT_SKIP, "the memory cgroup of process %s cannot be seen from here",
		       pid);
}

int cg_open_of(pid_t pid, struct cg *cg, struct err *err)
{
	_cleanup_free_ char *name = text_format("%d", (int)pid);

	return open_named(name, cg, err);
}

int cg_open_own(struct cg *cg, struct err *err)
{
	int r = open_named("self", cg, err);

	cg->is_shared = true;
	return r;
}

struct amount cg_limit_in_force(const struct cg *cg)
{
	struct amount least = NO_LIMIT;

	for (int i = 0; i < cg->level_count; i++) {
		struct cgroup_limits limits;

		cg_read_limits(cg, i, &limits);
		if (limits.memory_max.is_set && !limits.memory_max.is_max &&
		    (least.is_max || limits.memory_max.bytes < least.bytes))
			least = limits.memory_max;
	}
	return least;
}
