#include "launch/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "spec/spec.h"

static char *refuse(const char *command, int cause, struct err *err)
{
	if (cause == ENOENT || cause == ENOTDIR)
		err_set(err, EXIT_NOT_FOUND, "command '%s' not found", command);
	else
		err_set(err, EXIT_NOT_EXEC, "cannot execute '%s': %s", command, strerror(cause));
	return NULL;
}

static int cause_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno;
	return S_ISREG(st.st_mode) ? access(path, X_OK) < 0 ? errno : 0 : EACCES;
}

/*
 * Resolves links in the folder but not in the last part: programs such as busybox go by their name.
 */
static char *absolute(const char *path, struct err *err)
{
	_cleanup_free_ char *copy = xstrdup(path);
	char *slash = strrchr(copy, '/');
	_cleanup_free_ char *dir = NULL;

	*slash = '\0';
	dir = realpath(slash == copy ? "/" : copy, NULL);
	return dir ? text_format("%s/%s", strcmp(dir, "/") ? dir : "", slash + 1)
		   : refuse(path, errno, err);
}

char *target_find(const char *command, struct err *err)
{
	const char *path = getenv("PATH");
	_cleanup_free_ char *dirs = xstrdup(path ? path : "/usr/bin:/bin");
	int cause = ENOENT;

	if (strchr(command, '/')) {
		cause = cause_of(command);
		return cause ? refuse(command, cause, err) : absolute(command, err);
	}
	for (char *rest = dirs, *dir; *command && (dir = strsep(&rest, ":"));) {
		_cleanup_free_ char *file = text_format("%s/%s", *dir ? dir : ".", command);
		int found = cause_of(file);

		if (!found)
			return absolute(file, err);
		if (found == EACCES)
			cause = EACCES;
	}
	return refuse(command, cause, err);
}

/*
 * From here to run_child() code runs in the forked child. setenv(3) allocates there, so no thread
 * may have been inside malloc(3) at the fork.
 */
static void set_score(int64_t adj)
{
	char text[16];
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	snprintf(text, sizeof(text), "%d", adj == SPEC_KEEP ? 0 : (int)adj);
	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		text[0] = '\0'; /* lowering needs CAP_SYS_RESOURCE; read back in the record */
	if (fd >= 0)
		close(fd);
}

static void fail_exec(int exec_fd)
{
	int cause = errno;

	if (write(exec_fd, &cause, sizeof(cause)) < 0)
		_exit(125);
	_exit(cause == ENOENT ? 127 : 126);
}

static void keep_fds(const struct target_request *request, int scenario_fd, int exec_fd)
{
	char number[16];

	for (size_t i = 0; i < request->fd_count; i++) {
		if (fcntl(request->fds[i].fd, F_SETFD, 0) < 0)
			fail_exec(exec_fd);
		snprintf(number, sizeof(number), "%d", request->fds[i].fd);
		setenv(request->fds[i].env, number, 1);
	}
	fcntl(scenario_fd, F_SETFD, 0);
	snprintf(number, sizeof(number), "%d", scenario_fd);
	setenv(SCENARIO_GATE_ENV, number, 1);
}

static void set_preload(const char *library)
{
	const char *others = getenv("LD_PRELOAD");
	char text[8192];

	if (snprintf(text, sizeof(text), "%s%s%s", library, others ? ":" : "",
		     others ? others : "") < (int)sizeof(text))
		setenv("LD_PRELOAD", text, 1);
}

/* Seccomp filters of container engines refuse clone3(2), so only what needs it uses it. */
static pid_t fork_into(const struct cg *cg, int *pidfd)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_INTO_CGROUP,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};

	if (cg->version != 2 || cg->is_shared)
		return (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL, NULL);
	args.cgroup = (uint64_t)(unsigned int)cg->levels[0].dirfd;
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* The child's ends, closed in the launcher when target_start() returns. */
struct child_ends {
	int procs_fd, freezer_fd, gate, exec_fd, scenario_fd;
};

static void run_child(const struct target_request *request, const struct child_ends *ends)
{
	sigset_t none;
	char byte;

	if ((ends->procs_fd >= 0 && write(ends->procs_fd, "0", 1) < 0) ||
	    (ends->freezer_fd >= 0 && write(ends->freezer_fd, "0", 1) < 0))
		fail_exec(ends->exec_fd);
	set_score(request->oom_score_adj);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL); /* the launcher ignores them */
	signal(SIGXFSZ, SIG_DFL);
	keep_fds(request, ends->scenario_fd, ends->exec_fd);
	if (request->preload)
		set_preload(request->preload);
	if (read(ends->gate, &byte, 1) != 1)
		_exit(125);
	execv(request->path, request->argv);
	fail_exec(ends->exec_fd);
}

static void close_ends(struct child_ends *ends)
{
	int fds[] = {ends->procs_fd, ends->freezer_fd, ends->gate, ends->exec_fd,
		     ends->scenario_fd};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Opens what the child writes to, on v1, to move itself into the cgroup. */
static int open_procs(const struct cg *cg, struct child_ends *ends)
{
	if (cg->version != 1 || cg->is_shared)
		return 0;
	ends->procs_fd = openat(cg->levels[0].dirfd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (cg->freezer >= 0)
		ends->freezer_fd = openat(cg->freezer, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	return ends->procs_fd < 0 || (cg->freezer >= 0 && ends->freezer_fd < 0) ? -1 : 0;
}

static int open_ends(const struct target_request *request, struct target *target,
		     struct child_ends *ends)
{
	int pair[2];

	if (open_procs(request->cg, ends) < 0)
		return -1;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return -1;
	ends->gate = pair[0];
	target->gate_fd = pair[1];
	if (pipe2(pair, O_CLOEXEC) < 0)
		return -1;
	target->exec_fd = pair[0];
	ends->exec_fd = pair[1];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	target->scenario_fd = pair[0];
	ends->scenario_fd = pair[1];
	return 0;
}

int target_start(const struct target_request *request, struct target *target, struct err *err)
{
	_cleanup_(close_ends) struct child_ends ends = {-1, -1, -1, -1, -1};

	if (open_ends(request, target, &ends) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot prepare the target");
	target->pid = fork_into(request->cg, &target->pidfd);
	if (target->pid == 0) {
		close(target->gate_fd);
		run_child(request, &ends);
	}
	if (target->pid < 0) {
		target->pid = 0;
		return err_errno(err, EXIT_LAB_BROKEN, "cannot start a process in the cgroup");
	}
	return 0;
}

int target_release(struct target *target, const char *command, struct err *err)
{
	int cause = 0;
	ssize_t n;

	if (write(target->gate_fd, "g", 1) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot open the gate");
	close(STEAL_FD(target->gate_fd));
	do
		n = read(target->exec_fd, &cause, sizeof(cause));
	while (n < 0 && errno == EINTR);
	close(STEAL_FD(target->exec_fd));
	if (n != sizeof(cause))
		return 0;
	/* target_find() has seen the file, so what is missing is its interpreter. */
	if (cause == ENOENT && !target->is_foreign)
		return err_set(err, EXIT_NOT_FOUND, "the interpreter of '%s' is not there",
			       command);
	refuse(command, cause, err);
	return -1;
}

void target_close(struct target *target)
{
	int *fds[] = {&target->pidfd, &target->gate_fd, &target->exec_fd, &target->scenario_fd};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (*fds[i] >= 0)
			close(STEAL_FD(*fds[i]));
}
