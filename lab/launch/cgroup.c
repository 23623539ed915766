#include "launch/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libcgroup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/cgroup_end.h"
#include "launch/descendants.h"
#include "launch/process.h"

#define KILL_PATIENCE_NS   INT64_C(5000000000)
#define REMOVE_PATIENCE_NS INT64_C(2000000000)

static int libcgroup_failed(struct err *err, const char *what, int code)
{
	return err_set(err, EXIT_LAB_BROKEN, "%s: %s", what,
		       code == ECGOTHER ? strerror(cgroup_get_last_errno())
					: cgroup_strerror(code));
}

/* cgroup_init() clears a table of 800 KiB and reads the mounts, so it is called once. */
static int start_libcgroup(void)
{
	static bool started;
	int r = started ? 0 : cgroup_init();

	started = !r;
	return r;
}

/* libcgroup wants paths below the mount, without a leading slash. */
static const char *relative(const char *path)
{
	return path[0] == '/' ? path + 1 : path;
}

static int open_levels(const struct cg_home *home, struct cg *cg, struct err *err)
{
	_cleanup_free_ char *path = xstrdup(cg->path);

	for (cg->level_count = 0; cg->level_count < CG_LEVELS && strcmp(path, "/");) {
		_cleanup_free_ char *full = text_format("%s%s", home->mount, path);
		struct cg_level *level = &cg->levels[cg->level_count];
		char *slash;

		level->dirfd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (level->dirfd < 0)
			return err_errno(err, EXIT_LAB_BROKEN, "cannot open '%s'", full);
		level->path = xstrdup(path);
		cg->level_count++;
		slash = strrchr(path, '/');
		slash[slash == path] = '\0';
	}
	return 0;
}

int cg_name(const struct cg_home *home, struct cg *cg, struct err *err)
{
	_cleanup_free_ char *parent = text_format("%s%s", home->mount, home->parent);
	int n;

	memset(cg, 0, sizeof(*cg));
	cg->version = home->version;
	cg->freezer_parent = cg->freezer = -1;
	n = snprintf(cg->path, sizeof(cg->path), "%s%soomlab-%d-%" PRIu64, home->parent,
		     strcmp(home->parent, "/") ? "/" : "", (int)getpid(),
		     process_start_time(getpid()));
	cg->parent = -1;
	if ((size_t)n >= sizeof(cg->path))
		return err_set(err, EXIT_LAB_BROKEN, "the path of the own cgroup is too long");
	cg->parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cg->parent < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot open '%s'", parent);
	cg->name = strrchr(cg->path, '/') + 1;
	cg->is_named = true;
	if (cg->version == 1)
		cg->freezer_parent = cg_open_freezer();
	return 0;
}

/* A failure costs little: the processes are then killed without being frozen first. */
static void make_freezer(struct cg *cg)
{
	if (cg->freezer_parent < 0 || mkdirat(cg->freezer_parent, cg->name, 0755) < 0)
		return;
	cg->freezer = openat(cg->freezer_parent, cg->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int cg_create(const struct cg_home *home, struct cg *cg, struct err *err)
{
	struct cgroup *made;
	int r;

	r = start_libcgroup();
	if (r)
		return libcgroup_failed(err, "libcgroup finds no cgroups", r);
	made = cgroup_new_cgroup(relative(cg->path));
	if (!made || !cgroup_add_controller(made, "memory")) {
		cgroup_free(&made);
		return err_set(err, EXIT_LAB_BROKEN, "libcgroup is out of memory");
	}
	r = cgroup_create_cgroup(made, 1);
	cgroup_free(&made);
	if (r)
		return libcgroup_failed(err, "cannot create the cgroup", r);
	cg->made = true;
	make_freezer(cg);
	return open_levels(home, cg, err);
}

/* What is written to one file of the cgroup. */
struct limit_file {
	const char *name;
	char value[32];
	uint64_t bytes; /* UINT64_MAX for max */
};

static void fill_limit_file(struct limit_file *file, const char *name, const struct amount *a,
			    int version)
{
	file->name = name;
	file->bytes = a->is_max ? UINT64_MAX : a->bytes;
	if (a->is_max)
		snprintf(file->value, sizeof(file->value), "%s", version == 2 ? "max" : "-1");
	else
		snprintf(file->value, sizeof(file->value), "%" PRIu64, a->bytes);
}

/* The limits that are set, memory before swap: v1 refuses a memsw limit below the memory limit. */
static int list_limit_files(const struct cg *cg, const struct cgroup_limits *limits,
			    struct limit_file *files)
{
	const struct amount *max = &limits->memory_max, *swap = &limits->memory_swap_max;
	struct amount memsw = {.is_set = true, .bytes = max->bytes + swap->bytes};
	int n = 0;

	if (max->is_set)
		fill_limit_file(&files[n++],
				cg->version == 2 ? "memory.max" : "memory.limit_in_bytes", max,
				cg->version);
	if (cg->version == 1) {
		if (swap->is_set && !swap->is_max && max->is_set && !max->is_max &&
		    !faccessat(cg->levels[0].dirfd, "memory.memsw.limit_in_bytes", W_OK, 0))
			fill_limit_file(&files[n++], "memory.memsw.limit_in_bytes", &memsw, 1);
		return n;
	}
	if (limits->memory_high.is_set)
		fill_limit_file(&files[n++], "memory.high", &limits->memory_high, 2);
	if (swap->is_set && !faccessat(cg->levels[0].dirfd, "memory.swap.max", W_OK, 0))
		fill_limit_file(&files[n++], "memory.swap.max", swap, 2);
	if (limits->oom_group)
		fill_limit_file(&files[n++], "memory.oom.group",
				&(struct amount){.is_set = true, .bytes = 1}, 2);
	return n;
}

/* Writes all files with one call, in order: each call of libcgroup reads the mounts anew. */
static int set_all(const struct cg *cg, const struct limit_file *files, int count, struct err *err)
{
	struct cgroup *group = cgroup_new_cgroup(relative(cg->path));
	struct cgroup_controller *memory = group ? cgroup_add_controller(group, "memory") : NULL;
	int r = memory ? 0 : ECGFAIL;

	for (int i = 0; i < count && !r; i++)
		r = cgroup_add_value_string(memory, files[i].name, files[i].value);
	if (!r)
		r = cgroup_modify_cgroup(group);
	cgroup_free(&group);
	return r ? libcgroup_failed(err, "the kernel does not take the limits", r) : 0;
}

static int check_one(const struct cg *cg, const struct limit_file *file, struct err *err)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int64_t found;
	int r = io_read_number_at(cg->levels[0].dirfd, file->name, &found);

	if (r)
		return err_set(err, EXIT_LAB_BROKEN, "cannot read %s back: %s", file->name,
			       strerror(-r));
	/* "no limit" reads as max (v2) or PAGE_COUNTER_MAX pages (v1). */
	if (file->bytes == UINT64_MAX
		    ? found >= INT64_MAX - (int64_t)(2 * page)
		    : (uint64_t)found <= file->bytes && file->bytes - (uint64_t)found < page)
		return 0;
	return err_set(err, EXIT_LAB_BROKEN,
		       "%s is %" PRId64 " after setting it to %s: not in force", file->name, found,
		       file->value);
}

static bool host_has_swap(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	const char *heading;

	if (io_read_at(AT_FDCWD, "/proc/swaps", 1 << 16, &sb))
		return false;
	heading = strchr(sb.buf, '\n');
	return heading && heading[1];
}

/* On a host without swap it does not matter whether the kernel can limit swap. */
static int check_swap(const struct cg *cg, const struct cgroup_limits *limits, struct err *err)
{
	const struct amount *max = &limits->memory_max, *swap = &limits->memory_swap_max;
	const char *file = cg->version == 2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes";

	if (!swap->is_set || swap->is_max || !host_has_swap())
		return 0;
	if (cg->version == 1 && (!max->is_set || max->is_max))
		return err_set(err, EXIT_SKIP,
			       "cgroup v1 limits swap only together with memory; give --memory");
	if (!faccessat(cg->levels[0].dirfd, file, W_OK, 0))
		return 0;
	err_set(err, EXIT_SKIP, "this kernel cannot limit swap: there is no %s", file);
	return err_hint(err, "boot it with swapaccount=1, or give --swap=max");
}

int cg_limit(const struct cg *cg, const struct cgroup_limits *limits, struct err *err)
{
	struct limit_file files[4];
	int n = list_limit_files(cg, limits, files);

	if (cg->version == 1 && (limits->memory_high.is_set || limits->oom_group)) {
		err_set(err, EXIT_SKIP, "cgroup v1 has no memory.high and no memory.oom.group");
		return err_hint(err, "use --backend=vm, which has cgroup v2");
	}
	if (check_swap(cg, limits, err) < 0)
		return -1;
	if (n && set_all(cg, files, n, err) < 0)
		return -1;
	return cg_check_limits(cg, limits, err);
}

int cg_check_limits(const struct cg *cg, const struct cgroup_limits *limits, struct err *err)
{
	struct limit_file files[4];
	int n = list_limit_files(cg, limits, files);

	for (int i = 0; i < n; i++)
		if (check_one(cg, &files[i], err) < 0)
			return -1;
	return 0;
}

static void read_amount(int dirfd, const char *file, struct amount *a)
{
	int64_t page = sysconf(_SC_PAGESIZE), value;

	if (io_read_number_at(dirfd, file, &value))
		return;
	a->is_set = true;
	a->is_max = value >= INT64_MAX - 2 * page;
	a->bytes = a->is_max ? 0 : (uint64_t)value;
}

void cg_read_limits(const struct cg *cg, int level, struct cgroup_limits *limits)
{
	int dirfd = cg->levels[level].dirfd;
	int64_t group = 0;

	*limits = (struct cgroup_limits){0};
	if (cg->version == 1) {
		struct amount memsw = {0};

		read_amount(dirfd, "memory.limit_in_bytes", &limits->memory_max);
		read_amount(dirfd, "memory.memsw.limit_in_bytes", &memsw);
		limits->memory_swap_max = memsw;
		if (memsw.is_set && !memsw.is_max)
			limits->memory_swap_max.bytes -= limits->memory_max.bytes;
		return;
	}
	read_amount(dirfd, "memory.max", &limits->memory_max);
	read_amount(dirfd, "memory.high", &limits->memory_high);
	read_amount(dirfd, "memory.swap.max", &limits->memory_swap_max);
	if (!io_read_number_at(dirfd, "memory.oom.group", &group))
		limits->oom_group = group == 1;
}

int cg_population(const struct cg *cg)
{
	if (cg->is_shared)
		return descendants_count();
	return cg->level_count ? cgroup_end_count(cg->levels[0].dirfd) : 0;
}

int cg_kill(const struct cg *cg)
{
	if (cg->is_shared)
		return descendants_kill();
	return cg->level_count ? cgroup_end_kill(cg->levels[0].dirfd, cg->made ? cg->freezer : -1,
						 KILL_PATIENCE_NS)
			       : 0;
}

static void close_all(struct cg *cg)
{
	int *own_fds[] = {&cg->parent, &cg->freezer_parent, &cg->freezer};

	for (int i = 0; i < cg->level_count; i++) {
		close(cg->levels[i].dirfd);
		free(cg->levels[i].path);
	}
	cg->level_count = 0;
	if (!cg->is_named)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(own_fds); i++)
		if (*own_fds[i] >= 0)
			close(STEAL_FD(*own_fds[i]));
	cg->is_named = false;
}

int cg_destroy(struct cg *cg, struct err *err)
{
	int r = 0;

	if (cg->made) {
		cg_kill(cg);
		r = cgroup_end_remove(cg->parent, cg->name, REMOVE_PATIENCE_NS);
		if (cg->freezer >= 0)
			cgroup_end_remove(cg->freezer_parent, cg->name, REMOVE_PATIENCE_NS);
	}
	close_all(cg);
	if (r)
		return err_set(err, EXIT_LAB_BROKEN, "cannot remove the cgroup %s: %s", cg->path,
			       strerror(-r));
	cg->made = false;
	return 0;
}

static bool is_leftover(const char *name)
{
	int pid, used = 0;
	uint64_t start;

	return sscanf(name, "oomlab-%d-%" SCNu64 "%n", &pid, &start, &used) == 2 && !name[used] &&
	       process_start_time(pid) != start;
}

/* Removes `name` in both hierarchies; it may exist in only one of them. */
static bool clear_leftover(int parent, const char *name, int freezer_parent)
{
	_cleanup_close_ int dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int freezer = -1;

	if (freezer_parent >= 0)
		freezer = openat(freezer_parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup_end_kill(dir, freezer, KILL_PATIENCE_NS) ||
	    cgroup_end_remove(parent, name, REMOVE_PATIENCE_NS))
		return false;
	return freezer < 0 || !cgroup_end_remove(freezer_parent, name, REMOVE_PATIENCE_NS);
}

/* Clears the leftovers listed in `where` (closed here) but for those that `seen` lists as well. */
static int clear_in(int where, int seen, int parent, int freezer_parent, bool dry, int *stuck)
{
	_cleanup_closedir_ DIR *dir = where < 0 ? NULL : fdopendir(where);
	struct dirent *entry;
	int found = 0;

	while (dir && (entry = readdir(dir))) {
		if (!is_leftover(entry->d_name) ||
		    (seen >= 0 && !faccessat(seen, entry->d_name, F_OK, 0)))
			continue;
		found++;
		if (!dry && !clear_leftover(parent, entry->d_name, freezer_parent))
			++*stuck;
	}
	return found;
}

int cg_clear_leftovers(const struct cg_home *home, bool dry, int *stuck)
{
	_cleanup_free_ char *top = text_format("%s%s", home->mount, home->parent);
	_cleanup_close_ int parent = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int freezer_parent = home->version == 1 ? cg_open_freezer() : -1;
	int found;

	*stuck = 0;
	if (parent < 0)
		return 0;
	found = clear_in(dup(parent), -1, parent, freezer_parent, dry, stuck);
	return found + clear_in(dup(freezer_parent), parent, parent, freezer_parent, dry, stuck);
}
