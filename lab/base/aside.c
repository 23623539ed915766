#include "base/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

enum { RECEIVE_TRIES = 100 };

#define END_PATIENCE_NS INT64_C(2000000000)

static struct aside *started; /* a list, which aside_end() takes them out of */

static void close_others(int keep)
{
	if (keep > 3)
		close_range(3, (unsigned int)keep - 1, 0);
	close_range((unsigned int)keep + 1, ~0U, 0);
}

/*
 * A child that waits in open(2) or read(2) does not see that the channel has ended, so the kernel
 * kills it (F_SETSIG) when the parent's end of a pipe is closed, which is with the parent's last
 * thread: a parent-death signal would come with the end of the thread that forked. The pipe becomes
 * standard input, which the child does not read.
 */
static void end_with(int lifeline)
{
	struct pollfd p = {.fd = lifeline};

	fcntl(lifeline, F_SETSIG, SIGKILL);
	fcntl(lifeline, F_SETOWN, getpid());
	fcntl(lifeline, F_SETFL, O_ASYNC);
	dup2(lifeline, STDIN_FILENO);
	if (poll(&p, 1, 0) > 0) /* it is closed already */
		_exit(0);
}

static void run(const char *name, int channel, aside_work *work, void *ctx, bool keeps_files)
	__attribute__((noreturn));
static void run(const char *name, int channel, aside_work *work, void *ctx, bool keeps_files)
{
	const struct rlimit none = {0, 0};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_NAME, name);
	setrlimit(RLIMIT_CORE, &none);
	/* Whoever reads oomlab's output must see its end when oomlab ends, not when this does. */
	dup2(null, STDOUT_FILENO);
	if (!keeps_files)
		close_others(channel);
	work(channel, ctx);
	_exit(0);
}

static int open_channel(int fds[2], int life[2])
{
	const int room = 2 * ASIDE_MESSAGE_MAX;

	if (pipe2(life, O_CLOEXEC) < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
		int cause = errno;

		close(life[0]);
		close(life[1]);
		return -cause;
	}
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return 0;
}

static int start(struct aside *aside, const char *name, aside_work *work, void *ctx,
		 bool keeps_files)
{
	int fds[2] = {-1, -1}, life[2] = {-1, -1};

	*aside = ASIDE_INIT;
	aside->error = open_channel(fds, life);
	if (aside->error)
		return aside->error;
	aside->pid = fork();
	if (aside->pid == 0) {
		close(fds[0]);
		close(life[1]);
		end_with(life[0]);
		run(name, fds[1], work, ctx, keeps_files);
	}
	aside->error = aside->pid < 0 ? -errno : 0;
	close(fds[1]);
	close(life[0]);
	if (aside->pid < 0) {
		aside->pid = 0;
		close(fds[0]);
		close(life[1]);
		return aside->error;
	}
	aside->fd = fds[0];
	aside->life_fd = life[1];
	aside->next = started;
	started = aside;
	return 0;
}

int aside_start(struct aside *aside, const char *name, aside_work *work, void *ctx)
{
	return start(aside, name, work, ctx, false);
}

int aside_start_with_files(struct aside *aside, const char *name, aside_work *work, void *ctx)
{
	return start(aside, name, work, ctx, true);
}

int aside_send(struct aside *aside, const void *message, size_t len, int fd)
{
	struct iovec part = {(void *)message, len};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(fd))];
	} control = {0};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	while (sendmsg(aside->fd, &m, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int take_fd(struct msghdr *m)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

ssize_t aside_next(int channel, void *message, size_t size, int *fd)
{
	struct iovec part = {message, size};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(*fd))];
	} control = {0};
	struct msghdr m = {.msg_iov = &part,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	ssize_t n;

	do
		n = recvmsg(channel, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	*fd = n > 0 ? take_fd(&m) : -1;
	return n;
}

/* 0, -ETIMEDOUT or -ECANCELED. */
static int wait_readable(const struct aside *aside, int64_t deadline_ns)
{
	struct pollfd p[] = {{.fd = aside->fd, .events = POLLIN},
			     {.fd = aside->stop_fd, .events = POLLIN}};
	int n;

	do {
		int64_t left = deadline_ns - io_now_ns();

		n = poll(p, ARRAY_SIZE(p), left <= 0 ? 0 : (int)(left / 1000000) + 1);
	} while ((n < 0 && errno == EINTR) || (n == 0 && io_now_ns() < deadline_ns));
	if (n > 0 && p[1].revents)
		return -ECANCELED;
	return n > 0 ? 0 : -ETIMEDOUT;
}

static bool is_to_stop(const struct aside *aside)
{
	struct pollfd p = {.fd = aside->stop_fd, .events = POLLIN};

	return aside->stop_fd >= 0 && poll(&p, 1, 0) > 0;
}

/* Most answers come soon, and on a busy machine a process that sleeps is woken late. */
static ssize_t receive_soon(int fd, void *message, size_t size)
{
	ssize_t n = -1;

	for (int i = 0; i < RECEIVE_TRIES && n < 0; i++) {
		n = recv(fd, message, size, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			sched_yield();
		else if (n < 0 && errno != EINTR)
			return 0;
	}
	return n;
}

ssize_t aside_receive(struct aside *aside, void *message, size_t size, int64_t deadline_ns)
{
	ssize_t n = is_to_stop(aside) ? -1 : receive_soon(aside->fd, message, size);
	int r;

	if (n >= 0)
		return n;
	r = wait_readable(aside, deadline_ns);
	if (r) {
		aside->was_hung = r == -ETIMEDOUT;
		aside->was_stopped = r == -ECANCELED;
		kill(aside->pid, SIGKILL);
		return r;
	}
	do
		n = recv(aside->fd, message, size, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? 0 : n;
}

static void forget(const struct aside *aside)
{
	for (struct aside **at = &started; *at; at = &(*at)->next)
		if (*at == aside) {
			*at = aside->next;
			return;
		}
}

static bool wait_for_end(struct aside *aside, int options)
{
	int status;
	pid_t pid;

	if (aside->has_ended)
		return true;
	do
		pid = waitpid(aside->pid, &status, options);
	while (pid < 0 && errno == EINTR);
	if (pid == aside->pid)
		aside_took(pid, status);
	return pid != 0;
}

bool aside_end(struct aside *aside)
{
	int64_t deadline = io_now_ns() + END_PATIENCE_NS;

	if (!aside->pid)
		return false;
	if (aside->fd >= 0)
		close(aside->fd);
	aside->fd = -1;
	while (!wait_for_end(aside, WNOHANG) && io_now_ns() < deadline)
		poll(NULL, 0, 1);
	if (!aside->has_ended) {
		kill(aside->pid, SIGKILL);
		wait_for_end(aside, 0);
	}
	if (aside->life_fd >= 0)
		close(STEAL_FD(aside->life_fd));
	forget(aside);
	return !aside->was_hung && !aside->was_stopped && aside->has_ended && aside->status == 0;
}

char *aside_words(const struct aside *aside)
{
	if (aside->error)
		return text_format("could not be started (%s)", strerror(-aside->error));
	if (aside->was_stopped)
		return text_format("was interrupted");
	if (aside->was_hung)
		return text_format("did not answer and was stopped");
	if (aside->has_ended && WIFSIGNALED(aside->status))
		return text_format("was ended by signal %d (%s)", WTERMSIG(aside->status),
				   strsignal(WTERMSIG(aside->status)));
	if (aside->has_ended)
		return text_format("ended with status %d", WEXITSTATUS(aside->status));
	return text_format("ended, it is not known how");
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes all but those of `kept`, which are in order. */
static void keep_only(const int *kept, size_t count)
{
	unsigned int next = 0;

	for (size_t i = 0; i < count; i++) {
		if ((unsigned int)kept[i] > next)
			close_range(next, (unsigned int)kept[i] - 1, 0);
		next = (unsigned int)kept[i] + 1;
	}
	close_range(next, ~0U, 0);
}

/*
 * Waits until the parent has closed its own, because the last one to close them is held up. Who
 * sends it a signal ends it, as the kernel closes them then.
 */
static void close_later(const int *kept, size_t count, int gate, int wait_ms)
	__attribute__((noreturn));
static void close_later(const int *kept, size_t count, int gate, int wait_ms)
{
	sigset_t none;
	char byte;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	prctl(PR_SET_NAME, ASIDE_CLOSING);
	keep_only(kept, count);
	if (chdir("/") == 0 && read(gate, &byte, 1) == 0)
		poll(NULL, 0, wait_ms);
	_exit(0);
}

/* Returns the other end of the gate that the child waits at, or -1: there is no child. */
static int start_closing(struct aside *aside, const int *fds, size_t count, int wait_ms)
{
	_cleanup_free_ int *kept = xcalloc(count + 1, sizeof(*kept));
	int gate[2];

	*aside = ASIDE_INIT;
	aside->is_left = true;
	if (pipe2(gate, O_CLOEXEC) < 0)
		return -1;
	memcpy(kept, fds, count * sizeof(*fds));
	kept[count] = gate[0];
	qsort(kept, count + 1, sizeof(*kept), by_number);
	aside->pid = fork();
	if (aside->pid == 0)
		close_later(kept, count + 1, gate[0], wait_ms);
	close(gate[0]);
	if (aside->pid > 0)
		return gate[1];
	close(gate[1]);
	return -1;
}

void aside_close(const int *fds, size_t count, int wait_ms)
{
	struct aside *aside = xcalloc(1, sizeof(*aside));
	int gate = start_closing(aside, fds, count, wait_ms);

	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	if (gate < 0) {
		free(aside);
		return;
	}
	aside->next = started;
	started = aside;
	close(gate);
}

bool aside_is_one(pid_t pid)
{
	for (const struct aside *a = started; a; a = a->next)
		if (a->pid == pid && !a->has_ended)
			return true;
	return false;
}

bool aside_took(pid_t pid, int status)
{
	for (struct aside *a = started; a; a = a->next)
		if (a->pid == pid && !a->has_ended) {
			a->has_ended = true;
			a->status = status;
			if (a->is_left) {
				forget(a);
				free(a);
			}
			return true;
		}
	return false;
}
