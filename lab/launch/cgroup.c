#include "launch/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libcgroup.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/descendants.h"
#include "launch/process.h"

static int broken(struct err *err, const char *what, int code)
{
	return err_set(err, EXIT_LAB_BROKEN, "%s: %s", what,
		       code == ECGOTHER ? strerror(cgroup_get_last_errno())
					: cgroup_strerror(code));
}

/* Once: it clears a table of 800 KiB and reads the mounts. */
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

static int name_it(const struct cg_home *home, struct cg *cg)
{
	int n = snprintf(cg->path, sizeof(cg->path), "%s%soomlab-%d-%" PRIu64, home->parent,
			 strcmp(home->parent, "/") ? "/" : "", (int)getpid(),
			 process_start_time(getpid()));

	return (size_t)n < sizeof(cg->path) ? 0 : -1;
}

int cg_create(const struct cg_home *home, struct cg *cg, struct err *err)
{
	struct cgroup *made;
	int r;

	memset(cg, 0, sizeof(*cg));
	cg->version = home->version;
	if (name_it(home, cg) < 0)
		return err_set(err, EXIT_LAB_BROKEN, "the path of the own cgroup is too long");
	r = start_libcgroup();
	if (r)
		return broken(err, "libcgroup finds no cgroups", r);
	made = cgroup_new_cgroup(relative(cg->path));
	if (!made || !cgroup_add_controller(made, "memory")) {
		cgroup_free(&made);
		return err_set(err, EXIT_LAB_BROKEN, "libcgroup is out of memory");
	}
	r = cgroup_create_cgroup(made, 1);
	cgroup_free(&made);
	if (r)
		return broken(err, "cannot create the cgroup", r);
	cg->made = true;
	return open_levels(home, cg, err);
}

/* A limit as both versions name it; unset ones are left out. */
struct wish {
	const char *file;
	char value[32];
	uint64_t bytes; /* UINT64_MAX for max */
};

static void wish_amount(struct wish *wish, const char *file, const struct amount *a, int version)
{
	wish->file = file;
	wish->bytes = a->is_max ? UINT64_MAX : a->bytes;
	if (a->is_max)
		snprintf(wish->value, sizeof(wish->value), "%s", version == 2 ? "max" : "-1");
	else
		snprintf(wish->value, sizeof(wish->value), "%" PRIu64, a->bytes);
}

/* Memory before swap: v1 refuses a memsw limit below the memory limit. */
static int list_wishes(const struct cg *cg, const struct cgroup_limits *limits, struct wish *w)
{
	const struct amount *max = &limits->memory_max, *swap = &limits->memory_swap_max;
	struct amount both = {.is_set = true, .bytes = max->bytes + swap->bytes};
	int n = 0;

	if (max->is_set)
		wish_amount(&w[n++], cg->version == 2 ? "memory.max" : "memory.limit_in_bytes", max,
			    cg->version);
	if (cg->version == 1) {
		if (swap->is_set && !swap->is_max && max->is_set && !max->is_max &&
		    !faccessat(cg->levels[0].dirfd, "memory.memsw.limit_in_bytes", W_OK, 0))
			wish_amount(&w[n++], "memory.memsw.limit_in_bytes", &both, 1);
		return n;
	}
	if (limits->memory_high.is_set)
		wish_amount(&w[n++], "memory.high", &limits->memory_high, 2);
	if (swap->is_set && !faccessat(cg->levels[0].dirfd, "memory.swap.max", W_OK, 0))
		wish_amount(&w[n++], "memory.swap.max", swap, 2);
	if (limits->oom_group)
		wish_amount(&w[n++], "memory.oom.group",
			    &(struct amount){.is_set = true, .bytes = 1}, 2);
	return n;
}

/* All in one go, in order: each call into libcgroup reads the mounts anew. */
static int set_all(const struct cg *cg, const struct wish *wishes, int count, struct err *err)
{
	struct cgroup *group = cgroup_new_cgroup(relative(cg->path));
	struct cgroup_controller *memory = group ? cgroup_add_controller(group, "memory") : NULL;
	int r = memory ? 0 : ECGFAIL;

	for (int i = 0; i < count && !r; i++)
		r = cgroup_add_value_string(memory, wishes[i].file, wishes[i].value);
	if (!r)
		r = cgroup_modify_cgroup(group);
	cgroup_free(&group);
	return r ? broken(err, "the kernel does not take the limits", r) : 0;
}

static int check_one(const struct cg *cg, const struct wish *wish, struct err *err)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int64_t found;
	int r = io_read_number_at(cg->levels[0].dirfd, wish->file, &found);

	if (r)
		return err_set(err, EXIT_LAB_BROKEN, "cannot read %s back: %s", wish->file,
			       strerror(-r));
	/* "no limit" reads as max (v2) or PAGE_COUNTER_MAX pages (v1). */
	if (wish->bytes == UINT64_MAX
		    ? found >= INT64_MAX - (int64_t)(2 * page)
		    : (uint64_t)found <= wish->bytes && wish->bytes - (uint64_t)found < page)
		return 0;
	return err_set(err, EXIT_LAB_BROKEN,
		       "%s is %" PRId64 " after setting it to %s: not in force", wish->file, found,
		       wish->value);
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

/* Where there is no swap, a limit of it needs nobody to keep it. */
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
	struct wish wishes[4];
	int n = list_wishes(cg, limits, wishes);

	if (cg->version == 1 && (limits->memory_high.is_set || limits->oom_group)) {
		err_set(err, EXIT_SKIP, "cgroup v1 has no memory.high and no memory.oom.group");
		return err_hint(err, "use --backend=vm, which has cgroup v2");
	}
	if (check_swap(cg, limits, err) < 0)
		return -1;
	if (n && set_all(cg, wishes, n, err) < 0)
		return -1;
	return cg_check_limits(cg, limits, err);
}

int cg_check_limits(const struct cg *cg, const struct cgroup_limits *limits, struct err *err)
{
	struct wish wishes[4];
	int n = list_wishes(cg, limits, wishes);

	for (int i = 0; i < n; i++)
		if (check_one(cg, &wishes[i], err) < 0)
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
		struct amount both = {0};

		read_amount(dirfd, "memory.limit_in_bytes", &limits->memory_max);
		read_amount(dirfd, "memory.memsw.limit_in_bytes", &both);
		limits->memory_swap_max = both;
		if (both.is_set && !both.is_max)
			limits->memory_swap_max.bytes -= limits->memory_max.bytes;
		return;
	}
	read_amount(dirfd, "memory.max", &limits->memory_max);
	read_amount(dirfd, "memory.high", &limits->memory_high);
	read_amount(dirfd, "memory.swap.max", &limits->memory_swap_max);
	if (!io_read_number_at(dirfd, "memory.oom.group", &group))
		limits->oom_group = group == 1;
}

/* Sends the signal (0: none) to each process listed; returns how many there were. */
static int signal_listed(int dirfd, int signal)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	int n = 0;

	if (io_read_at(dirfd, "cgroup.procs", 1 << 20, &sb))
		return 0;
	for (char *p = sb.buf, *end; *p; p = end) {
		long pid = strtol(p, &end, 10);

		if (end == p)
			break;
		/* 0: a process of another pid namespace */
		if (pid > 0 && signal)
			kill((pid_t)pid, signal);
		n++;
		end += *end == '\n';
	}
	return n;
}

static DIR *open_children(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? NULL : fdopendir(fd);
}

/* The next cgroup below, or NULL: the target may make some, as an oomlab inside an oomlab does. */
static const char *next_child(DIR *dir)
{
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			return entry->d_name;
	return NULL;
}

static int signal_tree(int dirfd, int signal)
{
	_cleanup_closedir_ DIR *children = open_children(dirfd);
	int n = signal_listed(dirfd, signal);
	const char *name;

	while ((name = next_child(children))) {
		_cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		n += fd < 0 ? 0 : signal_tree(fd, signal);
	}
	return n;
}

int cg_population(const struct cg *cg)
{
	if (cg->is_shared)
		return descendants_count();
	return cg->level_count ? signal_tree(cg->levels[0].dirfd, 0) : 0;
}

static int kill_tree(int dirfd)
{
	int64_t deadline = io_now_ns() + INT64_C(5000000000);
	int wait_ms = 1;

	while (signal_tree(dirfd, 0)) {
		if (io_now_ns() > deadline)
			return -ETIMEDOUT;
		if (io_write_at(dirfd, "cgroup.kill", "1"))
			signal_tree(dirfd, SIGKILL);
		poll(NULL, 0, wait_ms);
		wait_ms = wait_ms < 100 ? wait_ms * 2 : 100;
	}
	return 0;
}

int cg_kill(const struct cg *cg)
{
	if (cg->is_shared)
		return descendants_kill();
	return cg->level_count ? kill_tree(cg->levels[0].dirfd) : 0;
}

static void remove_below(int dirfd)
{
	_cleanup_closedir_ DIR *children = open_children(dirfd);
	const char *name;

	while ((name = next_child(children))) {
		_cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			remove_below(fd);
		unlinkat(dirfd, name, AT_REMOVEDIR);
	}
}

static int delete_once(const char *path)
{
	struct cgroup *group = cgroup_new_cgroup(relative(path));
	int r = ECGOTHER;

	if (group && cgroup_add_controller(group, "memory"))
		r = cgroup_delete_cgroup_ext(group, CGFLAG_DELETE_EMPTY_ONLY);
	cgroup_free(&group);
	return r;
}

/* rmdir through libcgroup; a cgroup whose last task is still exiting is busy for a moment. */
static int delete_path(const char *path, int dirfd)
{
	int64_t deadline = io_now_ns() + INT64_C(2000000000);
	int r, wait_ms = 1;

	for (;;) {
		remove_below(dirfd);
		r = delete_once(path);
		if (!r || io_now_ns() > deadline)
			return r;
		poll(NULL, 0, wait_ms);
		wait_ms = wait_ms < 50 ? wait_ms * 2 : 50;
	}
}

int cg_destroy(struct cg *cg, struct err *err)
{
	int r = 0;

	if (cg->made) {
		cg_kill(cg);
		r = delete_path(cg->path, cg->level_count ? cg->levels[0].dirfd : -1);
	}
	for (int i = 0; i < cg->level_count; i++) {
		close(cg->levels[i].dirfd);
		free(cg->levels[i].path);
	}
	cg->level_count = 0;
	if (r) {
		broken(err, "cannot remove the cgroup", r);
		return err_wrap(err, "%s", cg->path);
	}
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

int cg_clear_leftovers(const struct cg_home *home, bool dry, int *stuck)
{
	_cleanup_free_ char *top = text_format("%s%s", home->mount, home->parent);
	_cleanup_closedir_ DIR *dir = opendir(top);
	struct dirent *entry;
	int found = 0;

	*stuck = 0;
	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		_cleanup_close_ int fd = -1;
		_cleanup_free_ char *path = NULL;

		if (!is_leftover(entry->d_name))
			continue;
		found++;
		if (dry)
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		path = text_format("%s/%s", home->parent, entry->d_name);
		if (fd < 0 || start_libcgroup() || kill_tree(fd) ||
		    delete_path(path + (path[1] == '/'), fd))
			++*stuck;
	}
	return found;
}
