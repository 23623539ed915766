#include "launch/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "launch/guardian_work.h"

enum { END_PATIENCE_MS = 5000 };

/* Longer than a guardian that is just killing takes to answer. */
#define LEAVE_PATIENCE_NS INT64_C(15000000000)

static pid_t current; /* the guardian of this process; 0: none */

/* Uses the pidfd, because the pid may be another process's once the guardian was reaped. */
static void signal_it(const struct guardian *g, int signal)
{
	syscall(SYS_pidfd_send_signal, g->pidfd, signal, NULL, 0);
}

static int open_process(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/*
 * Closes all descriptors but those of `ends`, which keep their numbers; the standard ones become
 * null.
 */
static void close_others(const struct guardian_ends *ends)
{
	bool in_order = ends->channel < ends->launcher;
	unsigned int low = (unsigned int)(in_order ? ends->channel : ends->launcher);
	unsigned int high = (unsigned int)(in_order ? ends->launcher : ends->channel);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	if (low > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0U, 0);
}

/* Renames the process, so that killing everything called oomlab leaves the guardian. */
static void become(const struct guardian_ends *ends, guardian_line *line) __attribute__((noreturn));
static void become(const struct guardian_ends *ends, guardian_line *line)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "guardian");
	close_others(ends);
	io_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "-1000");
	prctl(PR_SET_DUMPABLE, 0);
	if (chdir("/") < 0)
		_exit(1);
	guardian_work(ends, line);
}

int guardian_start(struct guardian *g, guardian_line *line, struct err *err)
{
	struct guardian_ends ends = {.launcher_pid = getpid()};
	_cleanup_close_ int launcher = open_process(getpid());
	int pair[2];

	*g = GUARDIAN_INIT;
	if (launcher < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot start the run's guardian");
	ends.channel = pair[1];
	ends.launcher = launcher;
	g->pid = fork();
	if (g->pid == 0)
		become(&ends, line);
	close(pair[1]);
	g->fd = pair[0];
	if (g->pid > 0)
		g->pidfd = open_process(g->pid);
	if (g->pidfd >= 0) {
		current = g->pid;
		return 0;
	}
	err_errno(err, EXIT_LAB_BROKEN, "cannot start the run's guardian");
	guardian_end(g); /* closes the channel, which ends a guardian that was forked */
	return -1;
}

static int send_message(const struct guardian *g, const struct guardian_message *message,
			const int *fds, size_t count)
{
	size_t len = offsetof(struct guardian_message, text) + message->len;
	struct iovec part = {(void *)message, len};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * GUARDIAN_FDS_MAX)];
	} control = {0};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

	if (count) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * count);
	}
	while (sendmsg(g->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		if (errno != EINTR)
			return -1;
	return 0;
}

/*
 * A stopped guardian does not block the launcher: some hundred packets queue up, then this fails.
 */
static int tell(struct guardian *g, const struct guardian_message *message, const int *fds,
		size_t count)
{
	if (!g)
		return 0;
	return g->fd < 0 ? -1 : send_message(g, message, fds, count);
}

const char *guardian_refusal(int r)
{
	if (r == -ENOBUFS)
		return "the run's guardian cannot guard more than it does";
	if (r == -E2BIG)
		return "a path or a command is too long for the run's guardian";
	return "the run's guardian was ended, or does not answer";
}

static int take_text(struct guardian_message *message, const char *text)
{
	size_t len = strlen(text) + 1;

	if (len > sizeof(message->text) - message->len)
		return -E2BIG;
	memcpy(message->text + message->len, text, len);
	message->len += (uint32_t)len;
	return 0;
}

/* The same for one more of a kind; `taken` counts them. */
static int tell_of(struct guardian *g, const struct guardian_message *message, const int *fds,
		   size_t count, int *taken, int most)
{
	int r;

	if (*taken == most)
		return -ENOBUFS;
	r = tell(g, message, fds, count);
	*taken += !r;
	return r;
}

int guardian_take_cgroup(struct guardian *g, int parent, const char *name, int freezer_parent)
{
	struct guardian_message message = {.what = TAKE_CGROUP};
	const int fds[] = {parent, freezer_parent};
	int r = take_text(&message, name);

	if (r || !g)
		return r;
	return tell_of(g, &message, fds, freezer_parent < 0 ? 1 : 2, &g->cgroups,
		       GUARDIAN_CGROUPS_MAX);
}

int guardian_take_inside(struct guardian *g, int cgroup)
{
	const struct guardian_message message = {.what = TAKE_INSIDE};

	return g ? tell_of(g, &message, &cgroup, 1, &g->cgroups, GUARDIAN_CGROUPS_MAX) : 0;
}

int guardian_take_process(struct guardian *g, int pidfd)
{
	const struct guardian_message message = {.what = TAKE_PROCESS};

	return g ? tell_of(g, &message, &pidfd, 1, &g->processes, GUARDIAN_PROCESSES_MAX) : 0;
}

int guardian_take_folder(struct guardian *g, const char *path)
{
	struct guardian_message message = {.what = TAKE_FOLDER};
	int r = take_text(&message, path);

	if (r || !g)
		return r;
	return tell_of(g, &message, NULL, 0, &g->folders, GUARDIAN_FOLDERS_MAX);
}

static int take_words(struct guardian *g, enum guardian_what what, const char *const *words)
{
	struct guardian_message message = {.what = what};

	for (; *words; words++) {
		int r = take_text(&message, *words);

		if (r)
			return r;
	}
	return tell(g, &message, NULL, 0);
}

int guardian_take_removal(struct guardian *g, const char *const *removal,
			  const char *const *question)
{
	int r = take_words(g, TAKE_QUESTION, question);

	return r ? r : take_words(g, TAKE_REMOVAL, removal);
}

int guardian_set_deadline(struct guardian *g, int64_t t_ns)
{
	return tell(g, &(struct guardian_message){.what = SET_DEADLINE, .t_ns = t_ns}, NULL, 0);
}

int guardian_take_record(struct guardian *g, int fd)
{
	return tell(g, &(struct guardian_message){.what = TAKE_RECORD}, &fd, 1);
}

int guardian_leave_record(struct guardian *g)
{
	int64_t deadline = io_now_ns() + LEAVE_PATIENCE_NS, left = LEAVE_PATIENCE_NS;
	struct guardian_deed deed = {.why = GUARDIAN_GONE};

	signal_it(g, SIGCONT); /* whoever has stopped it */
	if (tell(g, &(struct guardian_message){.what = LEAVE_RECORD}, NULL, 0) < 0)
		return -1;
	while (g->fd >= 0 && deed.why != GUARDIAN_NOTHING && left > 0) {
		struct pollfd p = {.fd = g->fd, .events = POLLIN};

		poll(&p, 1, (int)(left / 1000000) + 1);
		guardian_read(g, &deed);
		left = deadline - io_now_ns();
	}
	return deed.why == GUARDIAN_NOTHING ? 0 : -1;
}

int guardian_kills(void *guardian, int pidfd)
{
	int r = guardian_take_process(guardian, pidfd);

	return r == -1 ? -EPIPE : r;
}

int guardian_awaits(void *guardian, int pidfd)
{
	const struct guardian_message message = {.what = AWAIT_PROCESS};

	return tell(guardian, &message, &pidfd, 1) ? -EPIPE : 0;
}

int guardian_fd(const struct guardian *g)
{
	return g ? g->fd : -1;
}

bool guardian_read(struct guardian *g, struct guardian_deed *deed)
{
	ssize_t n = g && g->fd >= 0 ? recv(g->fd, deed, sizeof(*deed), MSG_DONTWAIT) : -1;

	if (!g || g->fd < 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return false;
	if (n == (ssize_t)sizeof(*deed))
		return true;
	*deed = (struct guardian_deed){.why = GUARDIAN_NOTHING, .t_ns = io_now_ns()};
	close(STEAL_FD(g->fd));
	return true;
}

void guardian_end(struct guardian *g)
{
	struct pollfd p = {.fd = g->pidfd, .events = POLLIN};

	if (g->pidfd >= 0) {
		signal_it(g, SIGCONT); /* whoever has stopped it */
		if (tell(g, &(struct guardian_message){.what = GUARD_END}, NULL, 0) < 0 ||
		    poll(&p, 1, END_PATIENCE_MS) <= 0)
			signal_it(g, SIGKILL);
		while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
			;
		close(g->pidfd);
	}
	if (g->fd >= 0)
		close(g->fd);
	current = 0;
	*g = GUARDIAN_INIT;
}

bool guardian_is(pid_t pid)
{
	return pid && pid == current;
}

bool guardian_took(pid_t pid)
{
	if (!guardian_is(pid))
		return false;
	current = 0;
	return true;
}
