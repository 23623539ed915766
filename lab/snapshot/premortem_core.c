#include "snapshot/premortem_core.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/spawn.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "base/text.h"

enum { WHY_SIZE = 256 };

/* From /proc/PID/stat, where the letter follows the name, which may hold anything. '\0': gone. */
static char state_letter(pid_t pid)
{
	_cleanup_free_ char *path = text_format("/proc/%d/stat", pid);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *end;

	if (io_read_at(AT_FDCWD, path, 4096, &text))
		return '\0';
	end = strrchr(text.buf, ')');
	return end && end[1] == ' ' ? end[2] : '\0';
}

void premortem_core_stop_all(int cgroup_fd, struct stopped *stopped)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *save = NULL;

	*stopped = (struct stopped){0};
	if (io_read_at(cgroup_fd, "cgroup.procs", 1 << 20, &text))
		return;
	for (char *s = strtok_r(text.buf, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		pid_t pid = atoi(s);

		if (pid <= 0 || state_letter(pid) == 'T' || kill(pid, SIGSTOP) < 0)
			continue;
		stopped->pids = xrealloc(stopped->pids, stopped->count + 1, sizeof(*stopped->pids));
		stopped->pids[stopped->count++] = pid;
	}
}

void premortem_core_continue(struct stopped *stopped)
{
	for (size_t i = 0; i < stopped->count; i++)
		kill(stopped->pids[i], SIGCONT);
	free(stopped->pids);
	*stopped = (struct stopped){0};
}

/* Half of what the folder's disk has left, bytes; -1 with the reason when no file can be made. */
static int64_t space_in(const struct folder *dir, char *why)
{
	struct statvfs fs;

	if (faccessat(dir->fd, ".", W_OK | X_OK, 0) < 0 || fstatvfs(dir->fd, &fs) < 0) {
		snprintf(why, WHY_SIZE, "the folder for it cannot be written to (%s): %s",
			 strerror(errno), dir->path);
		return -1;
	}
	return (int64_t)(fs.f_bavail / 2 * fs.f_frsize);
}

/* Where gdb works, and how large the file may become. */
struct gdb_bounds {
	int inside;   /* descriptor of its folder */
	int64_t most; /* bytes */
};

static int enter_bounds(void *ctx)
{
	const struct gdb_bounds *bounds = ctx;
	const struct rlimit limit = {(rlim_t)bounds->most, (rlim_t)bounds->most};

	setrlimit(RLIMIT_FSIZE, &limit);
	return fchdir(bounds->inside);
}

/* Returns what spawn_run() does. */
static int run_gdb(pid_t pid, const char *name, struct gdb_bounds *bounds, int *status)
{
	_cleanup_strvec_ struct strvec argv = STRVEC_INIT;
	struct spawn gdb = {
		.by_name = true,
		.in = {SPAWN_NULL},
		.out = {SPAWN_NULL},
		.err = {SPAWN_NULL},
		.unblocks_signals = true,
		.dies_with_caller = true,
		.prepare = enter_bounds,
		.prepare_ctx = bounds,
		.timeout_ns = PREMORTEM_CORE_SECONDS * SPAWN_SECOND,
	};

	strvec_pushl(&argv, "gdb", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-ex",
		     "set auto-load off", "-iex", "set auto-load off", "-p");
	strvec_pushf(&argv, "%d", pid);
	strvec_push(&argv, "-ex");
	strvec_pushf(&argv, "gcore %s", name);
	gdb.argv = argv.list;
	return spawn_run(&gdb, NULL, NULL, status);
}

static bool explain_gdb(int r, int status, char *why)
{
	if (r == -ETIMEDOUT)
		snprintf(why, WHY_SIZE, "gdb did not finish it within %d s",
			 PREMORTEM_CORE_SECONDS);
	else if (r == -ENOENT)
		snprintf(why, WHY_SIZE, "gdb could not be run; install the package gdb");
	else if (r)
		snprintf(why, WHY_SIZE, "gdb could not be run: %s", strerror(-r));
	else
		snprintf(why, WHY_SIZE, "gdb wrote none (status %d)",
			 WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return false;
}

/*
 * Bytes that gdb would write: readable mappings, but for those marked MADV_DONTDUMP ("dd"), as the
 * shadow memory of a sanitizer is. The flags of a mapping are its last line in smaps.
 */
static int64_t dump_size(pid_t pid)
{
	_cleanup_free_ char *path = text_format("/proc/%d/smaps", pid);
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	int64_t sum = 0, size = 0;
	bool is_readable = false;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0) {
		const char *perms = strchr(line, ' ');

		if (text_starts_with(line, "Size:"))
			size = strtoll(line + strlen("Size:"), NULL, 10) * 1024;
		else if (text_starts_with(line, "VmFlags:") && is_readable && !strstr(line, " dd"))
			sum += size;
		else if (*line < 'A' || *line > 'Z')
			is_readable = perms && perms[1] == 'r';
	}
	return sum;
}

static bool fits(pid_t pid, const struct folder *dir, int64_t *most, char *why)
{
	int64_t dump = dump_size(pid), space = space_in(dir, why);

	if (space < 0)
		return false;
	*most = space < PREMORTEM_CORE_MAX ? space : PREMORTEM_CORE_MAX;
	if (dump <= *most)
		return true;
	snprintf(why, WHY_SIZE,
		 "it would be %s, touched or not, and %s at most are written here (%s)",
		 TEXT_SIZE((uint64_t)dump), TEXT_SIZE((uint64_t)*most),
		 space < PREMORTEM_CORE_MAX ? "half of what the disk has left"
					    : "a limit of oomlab");
	return false;
}

/* True with the file's size when it is there. */
static bool let_gdb_write(pid_t pid, const char *name, struct gdb_bounds *bounds, int64_t *bytes,
			  char *why)
{
	struct stat st;
	int status, r = run_gdb(pid, name, bounds, &status);

	if (r || status || fstatat(bounds->inside, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return explain_gdb(r, status, why);
	*bytes = st.st_size;
	return true;
}

static bool move_out(int inside, const struct folder *dir, const char *name, char *why)
{
	if (!renameat(inside, name, dir->fd, name))
		return true;
	snprintf(why, WHY_SIZE, "it cannot be put into its place: %s", strerror(errno));
	return false;
}

bool premortem_core_write(pid_t pid, const struct folder *dir, char *path, size_t size,
			  int64_t *bytes, char *why)
{
	char private[FOLDER_NAME_MAX], name[32];
	_cleanup_close_ int inside = -1;
	struct gdb_bounds bounds;
	bool is_there;

	snprintf(name, sizeof(name), "core.%d", pid);
	if ((size_t)snprintf(path, size, "%s/%s", dir->path, name) >= size) {
		snprintf(why, WHY_SIZE, "the folder for it has too long a name");
		return false;
	}
	if (!fits(pid, dir, &bounds.most, why))
		return false;
	inside = folder_make_private(dir, private);
	if (inside < 0) {
		snprintf(why, WHY_SIZE, "no folder for gdb: %s", strerror(-inside));
		return false;
	}
	bounds.inside = inside;
	is_there = let_gdb_write(pid, name, &bounds, bytes, why) &&
		   move_out(inside, dir, name, why);
	unlinkat(inside, name, 0);
	unlinkat(dir->fd, private, AT_REMOVEDIR);
	return is_there;
}
