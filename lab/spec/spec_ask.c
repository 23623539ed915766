#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/strbuf.h"
#include "spec/spec.h"

enum { REPLY_MAX = 65536 };
#define REPLY_NS INT64_C(5000000000)

/* Reads what the child prints until it closes. 0 or -errno (-EFBIG, -ETIMEDOUT). */
static int read_reply(int fd, int64_t deadline_ns, struct strbuf *sb)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left_ms = (deadline_ns - io_now_ns()) / 1000000;
		char chunk[4096];
		ssize_t n;

		if (left_ms <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left_ms) <= 0)
			continue;
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		if (sb->len + (size_t)n > REPLY_MAX)
			return -EFBIG;
		strbuf_append(sb, chunk, (size_t)n);
	}
}

/* It has closed its output and is expected to end within moments. 0 or -ETIMEDOUT. */
static int wait_for_end(pid_t pid, int64_t deadline_ns, int *status)
{
	int wait_ms = 1;

	while (waitpid(pid, status, WNOHANG) != pid) {
		if (io_now_ns() >= deadline_ns)
			return -ETIMEDOUT;
		poll(NULL, 0, wait_ms);
		wait_ms = wait_ms < 64 ? wait_ms * 2 : wait_ms;
	}
	return 0;
}

/* Reads all, then waits for the end; a child that does not end is killed. 0 or -errno. */
static int talk(pid_t pid, int fd, struct strbuf *reply, int *status)
{
	int64_t deadline_ns = io_now_ns() + REPLY_NS;
	int r = read_reply(fd, deadline_ns, reply);

	if (!r)
		r = wait_for_end(pid, deadline_ns, status);
	if (!r)
		return 0;
	kill(pid, SIGKILL);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return r;
}

static pid_t start(const char *program, int out)
{
	pid_t pid = fork();

	if (pid == 0) {
		dup2(out, STDOUT_FILENO);
		execl(program, program, "--spec", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static int refuse(const char *program, int r, int status, struct err *err)
{
	err_set(err, EXIT_USAGE, "'%s --spec' printed no declaration", program);
	if (r == -ETIMEDOUT)
		return err_hint(err, "it was stopped after 5 s");
	if (r == -EFBIG)
		return err_hint(err, "it printed more than 64 KiB");
	if (WIFSIGNALED(status))
		return err_hint(err, "signal %d ended it", WTERMSIG(status));
	return err_hint(err, "it ended with status %d", WEXITSTATUS(status));
}

int spec_ask_program(const char *program, struct spec *spec, struct err *err)
{
	_cleanup_strbuf_ struct strbuf reply = STRBUF_INIT;
	int fds[2], r, status = 0;
	pid_t pid;

	spec_init(spec);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make a pipe");
	pid = start(program, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return err_errno(err, EXIT_LAB_BROKEN, "cannot start a process");
	}
	r = talk(pid, fds[0], &reply, &status);
	close(fds[0]);
	if (r || status)
		return refuse(program, r, status, err);
	return spec_parse(reply.buf, program, spec, err);
}
