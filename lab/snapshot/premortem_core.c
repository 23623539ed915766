#include "snapshot/premortem_core.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

enum { WHY_SIZE = 256, STATUS_NO_GDB = 127, STATUS_NO_FOLDER = 126 };

/* The state letter of /proc/PID/stat stands behind the name, which may hold anything. */
static char state_of(pid_t pid)
{
	_cleanup_free_ char *path = text_format("/proc/%d/stat", pid);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *end;

	if (io_read_at(AT_FDCWD, path, 4096, &text))
		return '\0';
	end = strrchr(text.buf, ')');
	return end && end[1] == ' ' ? end[2] : '\0';
}

void premortem_stop_all(int cgroup_fd, struct stopped *stopped)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *save = NULL;

	*stopped = (struct stopped){0};
	if (io_read_at(cgroup_fd, "cgroup.procs", 1 << 20, &text))
		return;
	for (char *s = strtok_r(text.buf, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		pid_t pid = atoi(s);

		if (pid <= 0 || state_of(pid) == 'T' || kill(pid, SIGSTOP) < 0)
			continue;
		stopped->pids = xrealloc(stopped->pids, stopped->count + 1, sizeof(*stopped->pids));
		stopped->pids[stopped->count++] = pid;
	}
}

void premortem_go_on(struct stopped *stopped)
{
	for (size_t i = 0; i < stopped->count; i++)
		kill(stopped->pids[i], SIGCONT);
	free(stopped->pids);
	*stopped = (struct stopped){0};
}

/* Half of what its disk has left, in bytes; -1 with the reason when it takes no file. */
static int64_t room_in(const struct folder *dir, char *why)
{
	struct statvfs fs;

	if (faccessat(dir->fd, ".", W_OK | X_OK, 0) < 0 || fstatvfs(dir->fd, &fs) < 0) {
		snprintf(why, WHY_SIZE, "the folder for it cannot be written to (%s): %s",
			 strerror(errno), dir->path);
		return -1;
	}
	return (int64_t)(fs.f_bavail / 2 * fs.f_frsize);
}

static void run_gdb(pid_t pid, int inside, const char *name, int64_t most)
{
	_cleanup_free_ char *number = text_format("%d", pid);
	_cleanup_free_ char *command = text_format("gcore %s", name);
	const struct rlimit limit = {(rlim_t)most, (rlim_t)most};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* The lab's own protection is not for gdb. */
	setrlimit(RLIMIT_FSIZE, &limit);
	if (fchdir(inside) < 0)
		_exit(STATUS_NO_FOLDER);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execlp("gdb", "gdb", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-ex",
	       "set auto-load off", "-iex", "set auto-load off", "-p", number, "-ex", command,
	       (char *)NULL);
	_exit(STATUS_NO_GDB);
}

/* Until gdb has ended; it is killed when it takes too long. False then. */
static bool wait_for(pid_t child, int *status)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, child, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	bool in_time = fd >= 0 && poll(&p, 1, PREMORTEM_CORE_SECONDS * 1000) > 0;

	if (!in_time)
		kill(child, SIGKILL);
	while (waitpid(child, status, 0) < 0 && errno == EINTR)
		;
	return in_time;
}

static bool explain(int status, bool in_time, char *why)
{
	if (!in_time)
		snprintf(why, WHY_SIZE, "gdb did not finish it within %d s",
			 PREMORTEM_CORE_SECONDS);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NO_GDB)
		snprintf(why, WHY_SIZE, "gdb could not be run; install the package gdb");
	else
		snprintf(why, WHY_SIZE, "gdb wrote none (status %d)",
			 WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return false;
}

/*
 * What gdb would write: mappings that can be read, but for those marked MADV_DONTDUMP ("dd"), as
 * the shadow of a sanitizer is. Each mapping's flags are its last line in smaps.
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
	int64_t dump = dump_size(pid), room = room_in(dir, why);

	if (room < 0)
		return false;
	*most = room < PREMORTEM_CORE_MAX ? room : PREMORTEM_CORE_MAX;
	if (dump <= *most)
		return true;
	snprintf(why, WHY_SIZE,
		 "it would be %s, touched or not, and %s at most are written here (%s)",
		 TEXT_SIZE((uint64_t)dump), TEXT_SIZE((uint64_t)*most),
		 room < PREMORTEM_CORE_MAX ? "half of what the disk has left"
					   : "a bound of this lab");
	return false;
}

/* `inside`: where gdb works. True with the file's size when it is there. */
static bool let_gdb_write(pid_t pid, int inside, const char *name, int64_t most, int64_t *bytes,
			  char *why)
{
	struct stat st;
	bool in_time;
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		run_gdb(pid, inside, name, most);
	if (child < 0) {
		snprintf(why, WHY_SIZE, "fork: %s", strerror(errno));
		return false;
	}
	in_time = wait_for(child, &status);
	if (!in_time || !WIFEXITED(status) || WEXITSTATUS(status) ||
	    fstatat(inside, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return explain(status, in_time, why);
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

bool premortem_core(pid_t pid, const struct folder *dir, char *path, size_t size, int64_t *bytes,
		    char *why)
{
	char private[FOLDER_NAME_MAX], name[32];
	_cleanup_close_ int inside = -1;
	int64_t most;
	bool is_there;

	snprintf(name, sizeof(name), "core.%d", pid);
	if ((size_t)snprintf(path, size, "%s/%s", dir->path, name) >= size) {
		snprintf(why, WHY_SIZE, "the folder for it has too long a name");
		return false;
	}
	if (!fits(pid, dir, &most, why))
		return false;
	inside = folder_make_private(dir, private);
	if (inside < 0) {
		snprintf(why, WHY_SIZE, "no folder for gdb: %s", strerror(-inside));
		return false;
	}
	is_there = let_gdb_write(pid, inside, name, most, bytes, why) &&
		   move_out(inside, dir, name, why);
	unlinkat(inside, name, 0);
	unlinkat(dir->fd, private, AT_REMOVEDIR);
	return is_there;
}
