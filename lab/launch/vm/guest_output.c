#include "launch/vm/guest_output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch/vm/guest_complain.h"
#include "launch/vm/guest_fs.h"

#define NAP_MS	 1
#define NAPS_MAX 20000

/* What is polled: the pipe and the port of each output, then the signalfd for SIGCHLD. */
enum { SLOT_CHILDREN = 2 * OUTPUT_COUNT, SLOT_COUNT };

static void mask_sigchld(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(how, &set, NULL);
}

/*
 * A port reports a hang-up until the host has opened its side, which happens after it has its name.
 */
static void wait_for_host(int port)
{
	struct pollfd p = {.fd = port, .events = POLLOUT};

	for (int naps = 0; poll(&p, 1, -1) > 0 && (p.revents & POLLHUP); naps++) {
		if (naps == NAPS_MAX) {
			errno = ETIMEDOUT;
			guest_complain("cannot reach the host by", "the output ports");
		}
		poll(NULL, 0, NAP_MS);
	}
}

static void open_output(struct guest_output *o, int port)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(port, F_SETFL, O_NONBLOCK) < 0)
		guest_complain("cannot make", "a pipe for the output");
	*o = (struct guest_output){.port = port, .from = ends[0], .to = ends[1], .left = -1};
	wait_for_host(port);
}

void guest_output_open(struct guest_output *outputs, const int *ports)
{
	for (int i = 0; i < OUTPUT_COUNT; i++)
		open_output(&outputs[i], ports[PORT_OUT + i]);
	mask_sigchld(SIG_BLOCK);
}

void guest_output_enter(const struct guest_output *outputs)
{
	if (dup2(outputs[0].to, 1) < 0 || dup2(outputs[1].to, 2) < 0)
		guest_complain("cannot pass on", "the ports");
	mask_sigchld(SIG_UNBLOCK);
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The host reads no more. Closing the pipe tells the writer. */
static void break_off(struct guest_output *o)
{
	o->port = -1;
	o->start = o->end = 0;
	close_end(&o->from);
}

static void take(struct guest_output *o)
{
	ssize_t n = read(o->from, o->data, sizeof(o->data));

	if (n > 0) {
		o->start = 0;
		o->end = (size_t)n;
		if (o->left >= 0)
			o->left = n < o->left ? o->left - n : 0;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close_end(&o->from);
	}
}

static void send_on(struct guest_output *o)
{
	ssize_t n = write(o->port, o->data + o->start, o->end - o->start);

	if (n > 0) {
		o->start += (size_t)n;
		o->sent += (uint64_t)n;
	} else if (n < 0 && errno == ENOMEM) {
		poll(NULL, 0, NAP_MS); /* the guest is out of memory for a moment */
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		break_off(o);
	}
}

/* The port is polled also when there is nothing to send, because it may hang up. */
static void fill(struct pollfd *p, const struct guest_output *o)
{
	bool is_full = o->start < o->end;

	p[0] = (struct pollfd){.fd = is_full ? -1 : o->from, .events = POLLIN};
	p[1] = (struct pollfd){.fd = o->port, .events = is_full ? POLLOUT : 0};
}

static void serve(struct guest_output *o, const struct pollfd *p)
{
	if (p[1].revents & POLLHUP)
		break_off(o);
	else if (p[1].revents)
		send_on(o);
	else if (p[0].revents)
		take(o);
}

/* Reaps every child that has ended; true when `child` was among them. */
static bool reap(int children, pid_t child, int *status)
{
	struct signalfd_siginfo info;
	bool has_ended = false;
	int is;

	while (read(children, &info, sizeof(info)) > 0)
		;
	for (pid_t pid; (pid = waitpid(-1, &is, WNOHANG)) > 0;)
		if (pid == child) {
			*status = is;
			has_ended = true;
		}
	return has_ended;
}

/*
 * Only what is in the pipe now is still carried: processes that go on writing are not waited for.
 */
static void set_left(struct guest_output *o)
{
	int inside = 0;

	if (o->from >= 0)
		ioctl(o->from, FIONREAD, &inside);
	o->left = inside;
}

static bool is_done(const struct guest_output *o)
{
	return o->start == o->end && (o->from < 0 || o->left == 0);
}

static int open_children(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		guest_complain("cannot wait for", "oomlab");
	return fd;
}

int guest_output_carry(struct guest_output *outputs, pid_t child)
{
	struct pollfd p[SLOT_COUNT];
	int status = 0, children = open_children();
	bool has_ended = false;

	for (int i = 0; i < OUTPUT_COUNT; i++)
		close_end(&outputs[i].to);
	while (!has_ended || !is_done(&outputs[0]) || !is_done(&outputs[1])) {
		for (int i = 0; i < OUTPUT_COUNT; i++)
			fill(&p[2 * i], &outputs[i]);
		p[SLOT_CHILDREN] = (struct pollfd){.fd = children, .events = POLLIN};
		if (poll(p, SLOT_COUNT, -1) < 0 && errno != EINTR)
			guest_complain("cannot wait for", "oomlab");
		for (int i = 0; i < OUTPUT_COUNT; i++)
			serve(&outputs[i], &p[2 * i]);
		if (!p[SLOT_CHILDREN].revents || !reap(children, child, &status))
			continue;
		has_ended = true;
		for (int i = 0; i < OUTPUT_COUNT; i++)
			set_left(&outputs[i]);
	}
	close(children);
	return status;
}

void guest_output_close(struct guest_output *outputs)
{
	for (int i = 0; i < OUTPUT_COUNT; i++) {
		close_end(&outputs[i].from);
		close_end(&outputs[i].to);
	}
}
