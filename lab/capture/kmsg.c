/*
 * A record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg):
 *   4,941,9016379,-;dd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
 * "facility << 3 | level, sequence, microseconds, flags[,more];text", then lines of a dictionary
 * that begin with a blank.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/refusal.h"
#include "base/strbuf.h"
#include "capture/source.h"

enum {
	KMSG_LIMIT = 20000, /* lines that are kept */
	QUIET_MS = 20,
};
#define PATIENCE_NS INT64_C(500000000) /* how long kmsg_await_quiet() waits at most */

struct kmsg {
	uint64_t next_seq;
	bool has_seen;			 /* a record was read, so next_seq is valid */
	bool is_overwritten;		 /* records were overwritten before the first was read */
	int64_t lines, lost, over_limit; /* counts */
	int64_t kill_lines, summary_lines;
};

static void count_gap(struct capture *capture, uint64_t seq)
{
	if (capture->kmsg->has_seen && seq > capture->kmsg->next_seq)
		capture->kmsg->lost += (int64_t)(seq - capture->kmsg->next_seq);
	capture->kmsg->next_seq = seq + 1;
	capture->kmsg->has_seen = true;
}

/*
 * "... Killed process 4321 (hog) ...". A process name can fake that: it costs some file reads only.
 */
static void on_kill(struct capture *capture, const char *text)
{
	capture->kmsg->kill_lines++;
	if (family_note_killed(capture, (pid_t)strtol(text + strlen("Killed process"), NULL, 10)))
		cgroups_seen_again(capture);
	cgroups_seen_below(capture);
	/* The cgroup of a container is removed soon after its first process ends. */
	if (capture->target && capture->target->is_foreign)
		source_events.read(capture);
}

/* "oom-kill:constraint=...,oom_memcg=/a,task_memcg=/a/b,task=hog,pid=4321,uid=0" */
static void on_summary(struct capture *capture, const char *text, size_t len)
{
	_cleanup_free_ char *line = xstrndup(text, len);
	char *path = strstr(line, ",oom_memcg="), *end = path ? strstr(path, ",task_memcg=") : NULL;
	char *pid = NULL;

	capture->kmsg->summary_lines++;
	for (char *p = end; p; p = strstr(p + 1, ",pid="))
		pid = p;
	if (!pid || pid == end ||
	    !family_note_killed(capture, (pid_t)strtol(pid + strlen(",pid="), NULL, 10)))
		return;
	*end = '\0';
	cgroups_seen_named(capture, path + strlen(",oom_memcg="));
}

static void look_for_kills(struct capture *capture, const char *text, size_t len)
{
	const char *killed = memmem(text, len, "Killed process ", 15);

	if (killed)
		on_kill(capture, killed);
	else if (len > 9 && !memcmp(text, "oom-kill:", 9))
		on_summary(capture, text, len);
}

static void take(struct capture *capture, const char *record)
{
	unsigned int prefix;
	uint64_t seq, usec;
	const char *text = strchr(record, ';');
	size_t len;

	if (!text || sscanf(record, "%u,%" SCNu64 ",%" SCNu64, &prefix, &seq, &usec) != 3 ||
	    seq > INT64_MAX || usec > INT64_MAX / 1000)
		return;
	count_gap(capture, seq);
	if (prefix >> 3) /* not from the kernel: anyone may write there */
		return;
	text++;
	len = strcspn(text, "\n");
	look_for_kills(capture, text, len);
	if (capture->kmsg->lines++ >= KMSG_LIMIT) {
		capture->kmsg->over_limit++;
		return;
	}
	record_put_kmsg(capture->w, (int64_t)usec * 1000, seq, (int)(prefix & 7), text, len);
}

/*
 * Each read(2) returns one record. Returns 1, or -1 with errno. EPIPE: records were overwritten
 * before they were read; the gap in the sequence numbers says how many, unless none was read
 * before.
 */
static int read_one(struct capture *capture, int fd)
{
	char record[8192];
	ssize_t n;

	do
		n = read(fd, record, sizeof(record) - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EPIPE) {
		capture->kmsg->is_overwritten |= !capture->kmsg->has_seen;
		return 1;
	}
	if (!n)
		errno = EAGAIN;
	if (n <= 0)
		return -1;
	record[n] = '\0';
	take(capture, record);
	return 1;
}

void kmsg_refusal(int cause, bool in_container, char *why)
{
	if (cause == ENOENT && in_container)
		snprintf(
			why, WHY_MAX,
			"/dev/kmsg: %s (not shown in this container: docker run --device /dev/kmsg --cap-add SYSLOG --user 0 would)",
			strerror(cause));
	else
		refusal_words(why, WHY_MAX, "/dev/kmsg", cause,
			      "root, CAP_SYSLOG, or kernel.dmesg_restrict=0");
}

static int open_kmsg(struct capture *capture, char *why)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), cause = errno;

	capture->kmsg = xcalloc(1, sizeof(*capture->kmsg));
	if (fd < 0) {
		kmsg_refusal(cause, capture->config.in_container, why);
		return -1;
	}
	/*
	 * Where open(2) succeeds read(2) can be refused. The record that this read may return
	 * counts.
	 */
	if (lseek(fd, 0, SEEK_END) < 0 || (read_one(capture, fd) < 0 && errno != EAGAIN)) {
		kmsg_refusal(errno, false, why);
		close(fd);
		return -1;
	}
	return fd;
}

static void read_kmsg(struct capture *capture)
{
	for (int i = 0; i < 256 && read_one(capture, capture->polls[SOURCE_KMSG].fd) > 0; i++)
		;
}

/* Reads until the log has nothing more. */
static void drain(struct capture *capture)
{
	const int fd = capture->polls[SOURCE_KMSG].fd;

	for (int64_t n = 0; fd >= 0 && n < 1000000 && read_one(capture, fd) > 0; n++)
		;
}

void kmsg_await_quiet(struct capture *capture, int64_t kills)
{
	const struct kmsg *kmsg = capture->kmsg;
	struct pollfd log = capture->polls[SOURCE_KMSG];
	int64_t deadline = io_now_ns() + PATIENCE_NS;

	if (log.fd < 0)
		return;
	drain(capture);
	while ((kills > 0 || kmsg->summary_lines > kmsg->kill_lines) && io_now_ns() < deadline) {
		int n = poll(&log, 1, QUIET_MS);

		if (n > 0)
			drain(capture);
		else if (kmsg->kill_lines >= kills)
			return;
	}
}

static void put_losses(struct capture *capture)
{
	const struct kmsg *kmsg = capture->kmsg;

	if (kmsg->lost)
		record_put_lost(capture->w, LOSS_KMSG, kmsg->lost);
	if (kmsg->is_overwritten)
		record_put_lost(capture->w, LOSS_KMSG_FIRST, 1);
	if (kmsg->over_limit)
		record_put_lost(capture->w, LOSS_KMSG_LIMIT, kmsg->over_limit);
}

static void close_kmsg(struct capture *capture)
{
	free(capture->kmsg);
}

const struct source source_kmsg = {
	.name = RECORD_SOURCE_KMSG,
	.open = open_kmsg,
	.read = read_kmsg,
	.put_losses = put_losses,
	.close = close_kmsg,
	.events = POLLIN,
};
