#include "capture/premortem_core.h"

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

enum { WHY_SIZE = 256, STATUS_NO_GDB = 127 };

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
static int64_t room_in(const char *dir, char *why)
{
	_cleanup_free_ char *inside = text_format("%s/.", dir);
	struct statvfs fs;

	if (access(inside, W_OK | X_OK) < 0 || statvfs(inside, &fs) < 0) {
		snprintf(why, WHY_SIZE, "the folder for it cannot be written to (%s): %s",
			 strerror(errno), dir);
		return -1;
	}
	return (int64_t)(fs.f_bavail / 2 * fs.f_frsize);
}

static void run_gdb(pid_t pid, const char *path, int64_t most)
{
	_cleanup_free_ char *number = text_format("%d", pid);
	_cleanup_free_ char *command = text_format("gcore %s", path);
	const struct rlimit limit = {(rlim_t)most, (rlim_t)most};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* The lab's own protection is not for gdb. */
	setrlimit(RLIMIT_FSIZE, &limit);
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

static bool fits(pid_t pid, const char *dir, int64_t *most, char *why)
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

bool premortem_core(pid_t pid, const char *dir, char *path, size_t size, int64_t *bytes, char *why)
{
	struct stat st;
	int64_t most;
	bool in_time;
	int status = 0;
	pid_t child;

	if ((size_t)snprintf(path, size, "%s/core.%d", dir, pid) >= size ||
	    strpbrk(path, " \n\t")) {
		snprintf(why, WHY_SIZE, "gdb cannot write to a folder of such a name");
		return false;
	}
	if (!fits(pid, dir, &most, why))
		return false;
	child = fork();
	if (child == 0)
		run_gdb(pid, path, most);
	if (child < 0) {
		snprintf(why, WHY_SIZE, "fork: %s", strerror(errno));
		return false;
	}
	in_time = wait_for(child, &status);
	if (in_time && WIFEXITED(status) && !WEXITSTATUS(status) && stat(path, &st) == 0) {
		*bytes = st.st_size;
		return true;
	}
	unlink(path);
	return explain(status, in_time, why);
}
