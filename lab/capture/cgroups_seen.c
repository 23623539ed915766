#include "capture/cgroups_seen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "capture/source.h"
#include "snapshot/cgroup_counters.h"

enum { DEPTH_MOST = 8, ENTRIES_MOST = 256 };

static struct record_cgroup_seen *item_of(struct cgroups_seen *seen, const char *path)
{
	for (size_t i = 0; i < seen->count; i++)
		if (!strcmp(seen->items[i].path, path))
			return &seen->items[i];
	if (seen->count == CGROUPS_SEEN_MOST)
		return NULL;
	seen->items[seen->count] = (struct record_cgroup_seen){.path = xstrdup(path)};
	return &seen->items[seen->count++];
}

static bool is_same(const struct record_cgroup_seen *a, const struct record_cgroup_seen *b)
{
	return a->memory_max.is_max == b->memory_max.is_max &&
	       a->memory_max.bytes == b->memory_max.bytes && a->oom_group == b->oom_group &&
	       !memcmp(a->all.value, b->all.value, sizeof(a->all.value)) &&
	       !memcmp(a->local.value, b->local.value, sizeof(a->local.value));
}

static void read_one(struct capture *capture, int dirfd, const char *path)
{
	/* cg_read_limits() and the like want a struct cg and a level of it. */
	struct cg one = {
		.version = capture->cg->version, .level_count = 1, .levels = {{dirfd, NULL}}};
	struct record_cgroup_seen *item = item_of(&capture->cgroups_seen, path), now;
	struct cgroup_limits limits;

	if (!item)
		return;
	now = (struct record_cgroup_seen){.path = item->path};
	cg_read_limits(&one, 0, &limits);
	now.memory_max = limits.memory_max;
	now.oom_group = limits.oom_group;
	cgroup_counters_read(&one, 0, false, &now.all);
	cgroup_counters_read(&one, 0, true, &now.local);
	if (!now.memory_max.is_set || (item->t_ns && is_same(&now, item)))
		return;
	now.t_ns = io_now_ns();
	*item = now;
	record_put_cgroup_seen(capture->w, item);
}

static void read_below(struct capture *capture, int dirfd, const char *path, int depth)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	for (int i = 0; dir && i < ENTRIES_MOST && (entry = readdir(dir)); i++) {
		_cleanup_free_ char *name = NULL;
		_cleanup_close_ int below = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = openat(dirfd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (below < 0)
			continue;
		name = text_format("%s/%s", strcmp(path, "/") ? path : "", entry->d_name);
		read_one(capture, below, name);
		if (depth < DEPTH_MOST)
			read_below(capture, below, name, depth + 1);
	}
}

void cgroups_seen_below(struct capture *capture)
{
	const struct cg *cg = capture->cg;

	if (cg->made && cg->level_count)
		read_below(capture, cg->levels[0].dirfd, cg->levels[0].path, 0);
}

static bool is_a_level(const struct cg *cg, const char *path)
{
	for (int i = 0; i < cg->level_count; i++)
		if (!strcmp(cg->levels[i].path, path))
			return true;
	return false;
}

/* The root of the hierarchy is the parent of the highest level; the path may not lead out of it. */
static int open_named(const struct cg *cg, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	const struct cg_level *top = &cg->levels[cg->level_count - 1];
	_cleanup_close_ int root = -1;

	if (path[0] != '/' || !path[1] || strrchr(top->path, '/') != top->path)
		return -1;
	root = openat(top->dirfd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -1 : (int)syscall(SYS_openat2, root, path + 1, &how, sizeof(how));
}

void cgroups_seen_named(struct capture *capture, const char *path)
{
	const struct cg *cg = capture->cg;
	_cleanup_close_ int fd = -1;

	if (!cg->made || !cg->level_count || is_a_level(cg, path))
		return;
	fd = open_named(cg, path);
	if (fd >= 0)
		read_one(capture, fd, path);
}

static bool is_below_own(const struct cg *cg, const char *path)
{
	size_t len = strlen(cg->levels[0].path);

	return !strncmp(path, cg->levels[0].path, len) && path[len] == '/';
}

void cgroups_seen_again(struct capture *capture)
{
	const struct cgroups_seen *seen = &capture->cgroups_seen;

	for (size_t i = 0; i < seen->count; i++)
		if (!is_below_own(capture->cg, seen->items[i].path))
			cgroups_seen_named(capture, seen->items[i].path);
}

void cgroups_seen_release(struct cgroups_seen *seen)
{
	for (size_t i = 0; i < seen->count; i++)
		free((char *)seen->items[i].path);
	seen->count = 0;
}
