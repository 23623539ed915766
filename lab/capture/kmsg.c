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
#include "base/strbuf.h"
#include "capture/source.h"

static void count_gap(struct capture *capture, uint64_t seq)
{
	if (capture->kmsg_seen && seq > capture->kmsg_next_seq)
		capture->kmsg_lost += (int64_t)(seq - capture->kmsg_next_seq);
	capture->kmsg_next_seq = seq + 1;
	capture->kmsg_seen = true;
}

/* "... Killed process 4321 (hog) ...": of a name that says so nothing worse comes than a look. */
static void on_kill(struct capture *capture, const char *text)
{
	capture->kill_lines++;
	if (family_was_killed(capture, (pid_t)strtol(text + strlen("Killed process"), NULL, 10)))
		cgroups_seen_again(capture);
	cgroups_seen_below(capture);
	/* The cgroup of a container goes soon after its first process. */
	if (capture->target && capture->target->is_foreign)
		source_events.read(capture);
}

/* "oom-kill:constraint=...,oom_memcg=/a,task_memcg=/a/b,task=hog,pid=4321,uid=0" */
static void on_summary(struct capture *capture, const char *text, size_t len)
{
	_cleanup_free_ char *line = xstrndup(text, len);
	char *path = strstr(line, ",oom_memcg="), *end = path ? strstr(path, ",task_memcg=") : NULL;
	char *pid = NULL;

	capture->summary_lines++;
	for (char *p = end; p; p = strstr(p + 1, ",pid="))
		pid = p;
	if (!pid || pid == end ||
	    !family_was_killed(capture, (pid_t)strtol(pid + strlen(",pid="), NULL, 10)))
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
	if (capture->kmsg_lines++ >= KMSG_LIMIT) {
		capture->kmsg_over_limit++;
		return;
	}
	record_put_kmsg(capture->w, (int64_t)usec * 1000, seq, (int)(prefix & 7), text, len);
}

/*
 * One record a read(2): 1, or -1 with errno. EPIPE: records were overwritten before they were read;
 * the gap shows how many, unless none was read before.
 */
static int read_one(struct capture *capture, int fd)
{
	char record[8192];
	ssize_t n;

	do
		n = read(fd, record, sizeof(record) - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EPIPE) {
		capture->kmsg_overwritten |= !capture->kmsg_seen;
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

static int open_kmsg(struct capture *capture, char *why)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	const char *hint = errno == EPERM || errno == EACCES
				   ? " (needs root, CAP_SYSLOG, or kernel.dmesg_restrict=0)"
				   : " (not shown in this container: docker run --device /dev/kmsg "
				     "--cap-add SYSLOG --user 0 would)";

	if (fd < 0) {
		snprintf(why, WHY_MAX, "/dev/kmsg: %s%s", strerror(errno), hint);
		return -1;
	}
	/* open(2) may succeed where only read(2) is refused. A record that came already counts. */
	capture->kmsg_seen = capture->kmsg_overwritten = false;
	if (lseek(fd, 0, SEEK_END) < 0 || (read_one(capture, fd) < 0 && errno != EAGAIN)) {
		snprintf(why, WHY_MAX, "/dev/kmsg: %s", strerror(errno));
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

void kmsg_drain(struct capture *capture)
{
	const int fd = capture->polls[SOURCE_KMSG].fd;

	for (int64_t n = 0; fd >= 0 && n < 1000000 && read_one(capture, fd) > 0; n++)
		;
}

const struct source source_kmsg = {
	.name = RECORD_SOURCE_KMSG,
	.open = open_kmsg,
	.read = read_kmsg,
	.events = POLLIN,
};
