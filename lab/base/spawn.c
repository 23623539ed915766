#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/io.h"

enum { STANDARD_COUNT = STDERR_FILENO + 1 };

/* What is made for one start and closed with it. */
struct ends {
	int ours, childs;	    /* the channel's: "go on" to the child, its errno back */
	int null;		    /* /dev/null; -1: not needed */
	int pipes[STANDARD_COUNT];  /* where the program writes; -1: no pipe */
	int become[STANDARD_COUNT]; /* what becomes the standard descriptor; -1: it stays */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(STEAL_FD(*fd));
}

static void close_ends(struct ends *ends)
{
	close_fd(&ends->ours);
	close_fd(&ends->childs);
	close_fd(&ends->null);
	for (int i = 0; i < STANDARD_COUNT; i++)
		close_fd(&ends->pipes[i]);
}

static int open_pipe(int *from, int *to)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	*from = pair[0];
	*to = pair[1];
	return 0;
}

static int open_null(struct ends *ends)
{
	if (ends->null < 0)
		ends->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	return ends->null < 0 ? -errno : 0;
}

/* For the standard descriptor `i`. *from gets a pipe's read end; NULL: no pipe is allowed. */
static int open_stream(const struct spawn_stream *stream, int i, int *from, struct ends *ends)
{
	int r = 0;

	switch (stream->where) {
	case SPAWN_SAME:
		break;
	case SPAWN_NULL:
		r = open_null(ends);
		ends->become[i] = ends->null;
		break;
	case SPAWN_FD:
		ends->become[i] = stream->fd;
		break;
	case SPAWN_PIPE:
		if (!from)
			BUG("nobody writes to a program that was started");
		r = open_pipe(from, &ends->pipes[i]);
		ends->become[i] = ends->pipes[i];
		break;
	}
	return r;
}

static int open_ends(const struct spawn *request, struct spawned *process, struct ends *ends)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	ends->ours = pair[0];
	ends->childs = pair[1];
	r = open_stream(&request->in, STDIN_FILENO, NULL, ends);
	r = r ? r : open_stream(&request->out, STDOUT_FILENO, &process->out, ends);
	return r ? r : open_stream(&request->err, STDERR_FILENO, &process->err, ends);
}

/* From here to exec or _exit(): only async-signal-safe calls, this is the forked child. */

static void fail(int channel) __attribute__((noreturn));
static void fail(int channel)
{
	int cause = errno;

	send(channel, &cause, sizeof(cause), MSG_NOSIGNAL);
	_exit(EXIT_NOT_EXEC);
}

static void wait_for_admission(int channel)
{
	char byte;
	ssize_t n;

	do
		n = recv(channel, &byte, 1, 0);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(EXIT_LAB_BROKEN);
}

/* The caller may have ended before prctl(2). */
static void arrange_death_with(pid_t caller)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != caller)
		_exit(EXIT_LAB_BROKEN);
}

/* Copies all above the standard ones first, so that dup2() overwrites none that is still needed. */
static int put_streams(int become[STANDARD_COUNT])
{
	for (int i = 0; i < STANDARD_COUNT; i++)
		if (become[i] >= 0) {
			become[i] = fcntl(become[i], F_DUPFD_CLOEXEC, STANDARD_COUNT);
			if (become[i] < 0)
				return -1;
		}
	for (int i = 0; i < STANDARD_COUNT; i++)
		if (become[i] >= 0 && dup2(become[i], i) < 0)
			return -1;
	return 0;
}

static int keep_open(const struct spawn *request)
{
	for (size_t i = 0; i < request->keep_count; i++)
		if (request->keep[i] >= 0 && fcntl(request->keep[i], F_SETFD, 0) < 0)
			return -1;
	return 0;
}

static void leave_group(const struct spawn *request)
{
	if (request->new_session)
		setsid();
	else if (request->new_group)
		setpgid(0, 0);
}

static void become_program(const struct spawn *request)
{
	const char *program = request->program ? request->program : request->argv[0];
	char *const *argv = (char *const *)request->argv;
	sigset_t none;

	sigemptyset(&none);
	if (request->unblocks_signals)
		sigprocmask(SIG_SETMASK, &none, NULL);
	if (request->by_name)
		execvp(program, argv);
	else
		execv(program, argv);
}

static void run_child(const struct spawn *request, struct ends *ends, pid_t caller)
	__attribute__((noreturn));
static void run_child(const struct spawn *request, struct ends *ends, pid_t caller)
{
	int channel = fcntl(ends->childs, F_DUPFD_CLOEXEC, STANDARD_COUNT);

	close(ends->ours);
	if (channel < 0)
		fail(ends->childs);
	close(ends->childs);
	if (request->admit)
		wait_for_admission(channel);
	if (request->dies_with_caller)
		arrange_death_with(caller);
	leave_group(request);
	if (put_streams(ends->become) < 0 || keep_open(request) < 0 ||
	    (request->prepare && request->prepare(request->prepare_ctx) < 0))
		fail(channel);
	become_program(request);
	fail(channel);
}

/* From here on this is the caller. */

/* The child's -errno; 0: exec, or the child's end, closed the channel. */
static int receive_error(int channel)
{
	int cause;
	ssize_t n;

	do
		n = recv(channel, &cause, sizeof(cause), 0);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(cause) ? -cause : 0;
}

static int admit(const struct spawn *request, int pidfd, int channel)
{
	int r = request->admit ? request->admit(request->admit_ctx, pidfd) : 0;

	if (!r && request->admit && send(channel, "g", 1, MSG_NOSIGNAL) != 1)
		r = -errno;
	return r;
}

static int start(const struct spawn *request, struct spawned *process, struct ends *ends)
{
	pid_t caller = getpid();
	int r;

	process->pid = fork();
	if (process->pid == 0)
		run_child(request, ends, caller);
	if (process->pid < 0)
		return -errno;
	close_fd(&ends->childs);
	process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	r = process->pidfd < 0 ? -errno : admit(request, process->pidfd, ends->ours);
	return r ? r : receive_error(ends->ours);
}

/* A child that waits for admission ends with the channel; one without a pidfd may not wait. */
static void give_up(struct spawned *process, struct ends *ends)
{
	close_fd(&ends->ours);
	if (process->pid > 0 && process->pidfd < 0)
		kill(process->pid, SIGKILL);
	if (process->pid > 0)
		while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
			;
	spawn_close(process);
	*process = SPAWNED_INIT;
}

int spawn_start(const struct spawn *request, struct spawned *process)
{
	_cleanup_(close_ends) struct ends ends = {-1, -1, -1, {-1, -1, -1}, {-1, -1, -1}};
	int r;

	*process = SPAWNED_INIT;
	process->timeout_ns = request->timeout_ns;
	process->output_max = request->output_max;
	r = open_ends(request, process, &ends);
	r = r ? r : start(request, process, &ends);
	if (r)
		give_up(process, &ends);
	return r;
}

static int64_t deadline_in(int64_t timeout_ns)
{
	int64_t now = io_now_ns();

	return timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
}

/* Milliseconds for poll(2); 0: the deadline has passed. */
static int left_until(int64_t deadline_ns)
{
	int64_t left_ms = (deadline_ns - io_now_ns() + 999999) / 1000000;

	if (deadline_ns == INT64_MAX || left_ms > INT_MAX)
		return INT_MAX;
	return left_ms < 0 ? 0 : (int)left_ms;
}

/* True when one of them is ready, even when the deadline has passed. */
static bool wait_for(struct pollfd *polls, nfds_t count, int64_t deadline_ns)
{
	for (;;) {
		int left = left_until(deadline_ns), n = poll(polls, count, left);

		if (n > 0)
			return true;
		if (left == 0 && n == 0)
			return false;
	}
}

/* Where the bytes of one pipe go. */
struct output {
	struct strbuf *to; /* NULL: they are discarded */
	size_t left;
	bool is_bounded; /* more than `left` is an error */
};

/* Reads a chunk. 1: there may be more; 0: the pipe has ended; or -EFBIG. */
static int take(int fd, struct output *output)
{
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof(chunk));
	size_t taken;

	if (n <= 0)
		return n < 0 && errno == EINTR;
	taken = (size_t)n < output->left ? (size_t)n : output->left;
	if (!output->to)
		return 1;
	if (taken < (size_t)n && output->is_bounded)
		return -EFBIG;
	strbuf_append(output->to, chunk, taken);
	output->left -= taken;
	return 1;
}

static int read_all(const struct spawned *process, struct output outputs[2], int64_t deadline_ns)
{
	struct pollfd polls[2] = {{.fd = process->out, .events = POLLIN},
				  {.fd = process->err, .events = POLLIN}};

	while (polls[0].fd >= 0 || polls[1].fd >= 0) {
		if (io_now_ns() > deadline_ns || !wait_for(polls, ARRAY_SIZE(polls), deadline_ns))
			return -ETIMEDOUT;
		for (size_t i = 0; i < ARRAY_SIZE(polls); i++) {
			int r = polls[i].revents ? take(polls[i].fd, &outputs[i]) : 1;

			if (r < 0)
				return r;
			if (r == 0)
				polls[i].fd = -1;
		}
	}
	return 0;
}

static int wait_until(struct spawned *process, int64_t deadline_ns)
{
	struct pollfd end = {.fd = process->pidfd, .events = POLLIN};
	bool in_time = wait_for(&end, 1, deadline_ns);
	pid_t pid;

	if (!in_time)
		syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0);
	do
		pid = waitpid(process->pid, &process->status, 0);
	while (pid < 0 && errno == EINTR);
	process->pid = 0;
	if (pid < 0)
		process->status = 0;
	if (!in_time)
		return -ETIMEDOUT;
	return pid < 0 ? -ECHILD : 0;
}

int spawn_wait(struct spawned *process, int64_t timeout_ns)
{
	return process->pid > 0 ? wait_until(process, deadline_in(timeout_ns)) : 0;
}

int spawn_finish(struct spawned *process, struct strbuf *out, struct strbuf *err)
{
	struct output outputs[2] = {{out, process->output_max, true},
				    {err, process->output_max, false}};
	int64_t deadline = deadline_in(process->timeout_ns);
	int r = read_all(process, outputs, deadline), waited = 0;

	if (process->pid > 0)
		waited = wait_until(process, r ? 0 : deadline);
	spawn_close(process);
	return r ? r : waited;
}

int spawn_run(const struct spawn *request, struct strbuf *out, struct strbuf *err, int *status)
{
	struct spawned process;
	int r = spawn_start(request, &process);

	if (!r)
		r = spawn_finish(&process, out, err);
	*status = process.status;
	return r;
}

void spawn_close(struct spawned *process)
{
	close_fd(&process->pidfd);
	close_fd(&process->out);
	close_fd(&process->err);
}
