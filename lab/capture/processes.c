/* Signals and reaping, the target's end, and the messages of a scenario (scenario.h). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "capture/source.h"
#include "launch/guardian.h"
#include "launch/process.h"
#include "profile/profile.h"
#include "snapshot/maps.h"

enum { MESSAGE_LIMIT = 10000 }; /* messages that are kept */

#define FOREIGN_PATIENCE_NS INT64_C(300000000) /* for the engine to reap the target */

static int open_signals(struct capture *capture, char *why)
{
	sigset_t set;
	int fd;

	(void)capture;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		snprintf(why, WHY_MAX, "signalfd: %s", strerror(errno));
	return fd;
}

static void note_end(struct capture *capture, pid_t pid, int status)
{
	struct record_process_end end = {
		.t_ns = io_now_ns(),
		.pid = pid,
		.is_target = capture->target && pid == capture->target->pid,
		.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : ABSENT,
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : ABSENT,
	};

	/* The target is the engine's child then, and the only child here the engine's client. */
	if (capture->target && capture->target->is_foreign)
		return;
	record_put_exit(capture->w, &end);
	if (end.is_target)
		capture->target_ended = capture->end_known = true;
}

void processes_reap(struct capture *capture)
{
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		if (aside_took(pid, status) || guardian_took(pid))
			continue;
		if (capture->profile)
			profile_set_peak(capture->profile, pid, usage.ru_maxrss * INT64_C(1024),
					 WIFSIGNALED(status));
		note_end(capture, pid, status);
	}
}

static void read_signals(struct capture *capture)
{
	struct signalfd_siginfo info;

	while (read(capture->polls[SOURCE_SIGNALS].fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			capture->stop_signal = (int)info.ssi_signo;
	processes_reap(capture);
}

const struct source source_signals = {
	.open = open_signals,
	.read = read_signals,
	.events = POLLIN,
};

/*
 * A process that is no child cannot be waited for. Since Linux 6.15 its pidfd has the wait status
 * once its parent has reaped it (include/uapi/linux/pidfd.h).
 */
struct pidfd_info {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid, ids[8];
	int32_t exit_code;
};
#define PIDFD_INFO_EXIT (UINT64_C(1) << 3)
#define PIDFD_GET_INFO	_IOWR(0xFF, 11, struct pidfd_info)

static bool ask_pidfd(int pidfd, int *status)
{
	int64_t deadline = io_now_ns() + FOREIGN_PATIENCE_NS;

	do {
		struct pidfd_info info = {.mask = PIDFD_INFO_EXIT};

		if (ioctl(pidfd, PIDFD_GET_INFO, &info) < 0 && errno != ESRCH)
			return false;
		if (info.mask & PIDFD_INFO_EXIT) {
			*status = info.exit_code;
			return true;
		}
		poll(NULL, 0, 1);
	} while (io_now_ns() < deadline);
	return false;
}

static bool learn_status(const struct capture *capture, int *status)
{
	*status = capture->end_reader.status;
	return *status || ask_pidfd(capture->target->pidfd, status);
}

/* What the end reader did not get is read here. */
static void take_end_reading(struct capture *capture)
{
	const struct end_reader *reader = &capture->end_reader;

	end_reader_stop(&capture->end_reader);
	if (reader->is_taken)
		counters_take(capture, &reader->events);
	else
		source_events.read(capture);
	if (reader->is_taken && reader->sample.value[METRIC_CURRENT] != ABSENT)
		sampler_put(capture, &reader->sample);
	else
		sampler_take(capture);
	counters_write_all(capture, MOMENT_AFTER);
}

static void note_foreign_end(struct capture *capture)
{
	struct record_process_end end = {.pid = capture->target->pid, .is_target = true};
	int status;

	take_end_reading(capture);
	capture->target_ended = true;
	if (!learn_status(capture, &status))
		return; /* the engine's inspection has to do */
	capture->end_known = true;
	end.t_ns = io_now_ns();
	end.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : ABSENT;
	end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : ABSENT;
	record_put_exit(capture->w, &end);
}

static void read_target(struct capture *capture)
{
	if (capture->target->is_foreign)
		note_foreign_end(capture);
	else
		processes_reap(capture);
}

/* Its descriptor is put in by capture_watch(). */
const struct source source_target = {
	.read = read_target,
	.events = POLLIN,
};

static void checkpoint(struct capture *capture, const char *name)
{
	struct record_checkpoint c = {.t_ns = io_now_ns(), .name = name};

	if (process_sizes(capture->target->pid, &c.vsz_bytes, &c.rss_bytes))
		c.vsz_bytes = c.rss_bytes = ABSENT;
	sampler_take(capture);
	record_put_checkpoint(capture->w, &c);
}

/* Messages as in scenario.h. The text comes from the target and is hostile. */
static void take_message(struct capture *capture, char *text)
{
	int64_t bytes;
	int cause, used = 0;

	text_neutralise(text);
	if (!strcmp(text, "start"))
		maps_write(capture->w, capture->target->pid);
	else if (text_starts_with(text, "checkpoint "))
		checkpoint(capture, text + strlen("checkpoint "));
	else if (sscanf(text, "refused %d %" SCNd64 " %n", &cause, &bytes, &used) == 2 && used &&
		 cause > 0 && bytes >= 0)
		record_put_refused(capture->w, io_now_ns(), cause, bytes, text + used);
}

static void read_scenario(struct capture *capture)
{
	struct pollfd *p = &capture->polls[SOURCE_SCENARIO];
	char text[256];
	ssize_t n = recv(p->fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			p->fd = -1; /* closed by target_close() */
		return;
	}
	text[n] = '\0';
	if (++capture->messages <= MESSAGE_LIMIT)
		take_message(capture, text);
	send(p->fd, "go", 2, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void put_losses(struct capture *capture)
{
	if (capture->messages > MESSAGE_LIMIT)
		record_put_lost(capture->w, LOSS_MESSAGES, capture->messages - MESSAGE_LIMIT);
}

const struct source source_scenario = {
	.read = read_scenario,
	.put_losses = put_losses,
	.events = POLLIN,
};
