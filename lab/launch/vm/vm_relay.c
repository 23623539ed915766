#include "launch/vm/vm_relay.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

#define CHUNK	     65536
#define CONSOLE_MAX  (16 << 20)
#define CONSOLE_TAIL (64 << 10)
#define TRACE_MAX    (1 << 30)
#define NS_PER_MS    1000000
#define TICK_MS	     100

#define FOLLOW_MS    1000 /* in which virtiofsd and QEMU end when the other has ended */

/* What is polled: the channels, then these. */
enum { SLOT_PID = CHANNEL_COUNT, SLOT_SIGNAL, SLOT_SHARE, SLOT_OUT, SLOT_ERR, SLOT_COUNT };

int relay_init(struct relay *r, const sigset_t *signals, struct err *err)
{
	*r = (struct relay){
		.message = STRBUF_INIT,
		.signal_fd = -1,
		.console_fd = -1,
		.trace_fd = -1,
		.line = STRBUF_INIT,
		.console = STRBUF_INIT,
		.share_pidfd = -1,
		.outputs = {{.fd = STDOUT_FILENO, .pending = STRBUF_INIT},
			    {.fd = STDERR_FILENO, .pending = STRBUF_INIT}},
	};
	if (!signals)
		return 0;
	r->signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->signal_fd < 0 ? err_errno(err, EXIT_LAB_BROKEN, "cannot wait for signals") : 0;
}

static void put_string(struct strbuf *sb, const char *text)
{
	strbuf_append(sb, text, strlen(text) + 1);
}

/* As guest.h has it. */
static void write_message(const struct vm_request *request, struct strbuf *message)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char *const path_only[] = {path, NULL};
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	size_t argc = 0;

	while (request->argv[argc])
		argc++;
	put_string(&sb, request->cwd ? request->cwd : "");
	strbuf_printf(&sb, "%zu", argc);
	strbuf_append(&sb, "", 1);
	for (char *const *arg = request->argv; *arg; arg++)
		put_string(&sb, *arg);
	for (char *const *var = request->envp ? request->envp : path_only; *var; var++)
		put_string(&sb, *var);
	strbuf_clear(message);
	strbuf_printf(message, "%zu\n", sb.len);
	strbuf_append(message, sb.buf, sb.len);
}

static int open_file(const struct vm_request *request, const char *name, int *fd, struct err *err)
{
	cleanup_closep(fd);
	*fd = folder_create(request->run_dir, name, err);
	return *fd < 0 ? -1 : 0;
}

static void reset_output(struct relay_output *o)
{
	strbuf_clear(&o->pending);
	o->received = o->sent = 0;
}

int relay_begin(struct relay *r, const struct vm_request *request, struct err *err)
{
	r->request = request;
	r->end_ns = io_now_ns() + (int64_t)request->timeout_ns;
	r->console_room = CONSOLE_MAX;
	r->trace_room = TRACE_MAX;
	r->dropped = 0;
	r->has_ended = false;
	strbuf_clear(&r->console);
	reset_output(&r->outputs[0]);
	reset_output(&r->outputs[1]);
	write_message(request, &r->message);
	return open_file(request, "console.log", &r->console_fd, err) < 0
		       ? -1
		       : open_file(request, "trace.bin", &r->trace_fd, err);
}

void relay_restart(struct relay *r)
{
	r->is_up = false;
	write_message(r->request, &r->message);
}

void relay_release(struct relay *r)
{
	cleanup_closep(&r->signal_fd);
	cleanup_closep(&r->console_fd);
	cleanup_closep(&r->trace_fd);
	strbuf_release(&r->message);
	strbuf_release(&r->line);
	strbuf_release(&r->console);
	strbuf_release(&r->outputs[0].pending);
	strbuf_release(&r->outputs[1].pending);
}

/* STATUS OUT ERR of the line GUEST_LINE_END. */
static bool take_end(struct relay *r, const char *words)
{
	int status;
	uint64_t out, err;

	if (sscanf(words, "%d %" SCNu64 " %" SCNu64, &status, &out, &err) != 3)
		return false;
	r->has_ended = true;
	r->status = status;
	r->outputs[0].sent = out;
	r->outputs[1].sent = err;
	return true;
}

/* A line of PID 1 itself, see guest.h. */
static void take_note(struct relay *r, const char *line)
{
	if (strcmp(line, GUEST_LINE_UP) == 0) {
		r->is_up = true;
	} else if (!text_starts_with(line, GUEST_LINE_END) ||
		   !take_end(r, line + strlen(GUEST_LINE_END))) {
		r->dropped++;
	}
}

/* line: a NUL stands in place of its newline. */
static void take_line(struct relay *r, const char *line, size_t len)
{
	if (r->is_skipping)
		r->is_skipping = false;
	else if (*line == '#')
		take_note(r, line);
	else if (len > RELAY_LINE_MAX || r->request->line(line, len, r->request->ctx) < 0)
		r->dropped++;
}

static void take_record(struct relay *r, const char *data, size_t len)
{
	size_t start = 0;
	char *newline;

	strbuf_append(&r->line, data, len);
	while ((newline = memchr(r->line.buf + start, '\n', r->line.len - start))) {
		size_t end = (size_t)(newline - r->line.buf);

		*newline = '\0';
		take_line(r, r->line.buf + start, end - start);
		start = end + 1;
	}
	strbuf_consume(&r->line, start);
	if (r->line.len > RELAY_LINE_MAX || (r->is_skipping && r->line.len)) {
		r->dropped += !r->is_skipping;
		r->is_skipping = true;
		strbuf_clear(&r->line);
	}
}

static void take_file(int fd, size_t *room, const char *data, size_t len)
{
	size_t n = len < *room ? len : *room;

	if (n && io_write_all(fd, data, n) == 0)
		*room -= n;
	else
		*room = 0;
}

static void take_console(struct relay *r, const char *data, size_t len)
{
	take_file(r->console_fd, &r->console_room, data, len);
	strbuf_append(&r->console, data, len);
	if (r->console.len > CONSOLE_TAIL)
		strbuf_consume(&r->console, r->console.len - CONSOLE_TAIL);
}

static void take_output(struct relay_output *output, const char *data, size_t len)
{
	output->received += len;
	if (output->fd >= 0)
		strbuf_append(&output->pending, data, len);
}

static void take(struct relay *r, int channel, const char *data, size_t len)
{
	if (channel == PORT_RECORD)
		take_record(r, data, len);
	else if (channel == PORT_TRACE)
		take_file(r->trace_fd, &r->trace_room, data, len);
	else if (channel == CHANNEL_CONSOLE)
		take_console(r, data, len);
	else
		take_output(&r->outputs[channel - PORT_OUT], data, len);
}

/* Reads a channel once, and closes it at its end. */
static void read_channel(struct relay *r, struct qemu *q, int channel)
{
	static char chunk[CHUNK];
	ssize_t n = recv(q->channels[channel], chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n > 0)
		take(r, channel, chunk, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close(STEAL_FD(q->channels[channel]));
}

static void give_up(struct relay_output *output, int cause)
{
	output->fd = -1;
	output->cause = cause;
	strbuf_clear(&output->pending);
}

static bool has_room(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) > 0;
}

/* POLLOUT promises room for PIPE_BUF bytes and no more: a longer write could block for ever. */
static void write_output(const struct vm_request *request, struct relay_output *output)
{
	size_t done = 0;
	ssize_t n = 1;

	while (n > 0 && done < output->pending.len && has_room(output->fd)) {
		size_t len = output->pending.len - done;

		len = len < PIPE_BUF ? len : PIPE_BUF;
		request->output(output->fd, output->pending.buf + done, len, request->ctx);
		n = write(output->fd, output->pending.buf + done, len);
		done += n > 0 ? (size_t)n : 0;
	}
	strbuf_consume(&output->pending, done);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		give_up(output, n ? errno : EIO);
}

static bool has_message(const struct relay *r)
{
	return r->is_up && r->message.len;
}

/* A guest that is gone is noticed elsewhere. */
static void send_message(struct relay *r, int channel)
{
	ssize_t n = send(channel, r->message.buf, r->message.len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		strbuf_consume(&r->message, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		strbuf_clear(&r->message);
}

/* When nobody reads our end any more, closes the channel, so that the guest's writers get EPIPE. */
static void hang_up(const struct relay_output *output, int *channel)
{
	if (output->cause == EPIPE && *channel >= 0)
		close(STEAL_FD(*channel));
}

static bool take_signal(struct relay *r)
{
	struct signalfd_siginfo info;

	if (read(r->signal_fd, &info, sizeof(info)) != sizeof(info))
		return false;
	r->signal = (int)info.ssi_signo;
	return true;
}

/* Chooses what to poll. A channel is not read while its output has something pending. */
static void fill(struct pollfd *p, const struct relay *r, const struct qemu *q, bool is_gone)
{
	for (int i = 0; i < SLOT_COUNT; i++)
		p[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	for (int i = 0; i < CHANNEL_COUNT; i++)
		p[i].fd = q->channels[i];
	p[PORT_RECORD].events |= has_message(r) ? POLLOUT : 0;
	p[SLOT_PID].fd = is_gone ? -1 : q->process.pidfd;
	p[SLOT_SIGNAL].fd = r->signal_fd;
	p[SLOT_SHARE].fd = is_gone || r->has_ended ? -1 : r->share_pidfd;
	for (int i = 0; i < 2; i++) {
		if (!r->outputs[i].pending.len)
			continue;
		p[PORT_OUT + i].fd = -1;
		p[SLOT_OUT + i] = (struct pollfd){.fd = r->outputs[i].fd, .events = POLLOUT};
	}
}

/* Handles what poll() found; returns how many channels were read. */
static int serve(struct relay *r, struct qemu *q, const struct pollfd *p)
{
	int active = 0;

	for (int i = 0; i < CHANNEL_COUNT; i++) {
		if (!(p[i].revents & ~POLLOUT))
			continue;
		read_channel(r, q, i);
		active++;
	}
	if (p[PORT_RECORD].revents & POLLOUT && q->channels[PORT_RECORD] >= 0)
		send_message(r, q->channels[PORT_RECORD]);
	for (int i = 0; i < 2; i++) {
		if (!p[SLOT_OUT + i].revents)
			continue;
		write_output(r->request, &r->outputs[i]);
		hang_up(&r->outputs[i], &q->channels[PORT_OUT + i]);
	}
	return active;
}

static bool has_pending(const struct relay *r)
{
	return r->outputs[0].pending.len || r->outputs[1].pending.len;
}

/* Whether all output that the guest sent is here; a closed channel brings no more. */
static bool has_all(const struct relay *r, const struct qemu *q)
{
	for (int i = 0; i < 2; i++)
		if (q->channels[PORT_OUT + i] >= 0 && r->outputs[i].received < r->outputs[i].sent)
			return false;
	return true;
}

/* The guest has ended. Outputs that are not complete get `cause`. */
static enum relay_end ended(struct relay *r, int cause)
{
	for (int i = 0; i < 2; i++) {
		struct relay_output *o = &r->outputs[i];

		if (!o->cause && (o->pending.len || o->received < o->sent))
			give_up(o, cause);
	}
	return RELAY_ENDED;
}

/* Whether QEMU or virtiofsd ended by a signal, which neither sends to the other. */
static bool was_killed(int pidfd)
{
	siginfo_t info = {.si_pid = 0};

	return pidfd >= 0 &&
	       waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid && info.si_code != CLD_EXITED;
}

/* virtiofsd has ended. True when it did so because QEMU had ended. */
static bool has_share_followed(const struct relay *r, const struct qemu *q)
{
	struct pollfd p = {.fd = q->process.pidfd, .events = POLLIN};

	return !was_killed(r->share_pidfd) && poll(&p, 1, FOLLOW_MS) > 0;
}

/* QEMU has ended. It also ends by itself when virtiofsd was killed before QEMU connected. */
static enum relay_end gone(const struct relay *r, const struct qemu *q)
{
	return was_killed(r->share_pidfd) && !was_killed(q->process.pidfd) ? RELAY_SHARE_GONE
									   : RELAY_GONE;
}

/* Milliseconds until `ns`, rounded up, at least 0. */
static int ms_until(int64_t ns)
{
	int64_t left = (ns - io_now_ns() + NS_PER_MS - 1) / NS_PER_MS;

	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

enum relay_end relay_run(struct relay *r, struct qemu *q, uint64_t boot_timeout_ns)
{
	int64_t boot_end_ns = io_now_ns() + (int64_t)boot_timeout_ns;
	bool is_gone = false;
	struct pollfd p[SLOT_COUNT];

	for (;;) {
		bool is_last = is_gone || (r->has_ended && has_all(r, q));
		bool is_draining = is_last && !has_pending(r);
		int64_t deadline = !r->is_up && boot_end_ns < r->end_ns ? boot_end_ns : r->end_ns;
		int left = ms_until(deadline), found;

		fill(p, r, q, is_gone);
		found = poll(p, SLOT_COUNT, is_draining ? 0 : left < TICK_MS ? left : TICK_MS);
		if (found < 0 && errno != EINTR)
			BUG("poll: %s", strerror(errno));
		if (found == 0)
			r->request->line(NULL, 0, r->request->ctx);
		if (p[SLOT_SIGNAL].revents && take_signal(r))
			return RELAY_INTERRUPTED;
		is_gone |= p[SLOT_PID].revents != 0;
		/*
		 * This comes before serve(): what a guest says after it has lost its files means
		 * nothing.
		 */
		if (p[SLOT_SHARE].revents && !has_share_followed(r, q))
			return RELAY_SHARE_GONE;
		is_gone |= p[SLOT_SHARE].revents != 0;
		if (serve(r, q, p) > 0 && (left > 0 || is_last))
			continue;
		if (is_draining)
			return r->has_ended ? ended(r, EIO) : gone(r, q);
		if (left == 0 && r->has_ended)
			return ended(r, ETIME);
		if (left == 0)
			return deadline == r->end_ns ? RELAY_TIMED_OUT : RELAY_SILENT;
	}
}

char *relay_console_line(const struct relay *r, const char *words)
{
	const char *at = memmem(r->console.buf, r->console.len, words, strlen(words));

	return at ? xstrndup(at, strcspn(at, "\r\n")) : NULL;
}
