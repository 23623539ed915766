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

static int open_kmsg(struct capture *capture, char *why)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[8192];
	const char *hint = errno == EPERM || errno == EACCES
				   ? " (needs root, CAP_SYSLOG, or kernel.dmesg_restrict=0)"
				   : " (not shown in this container: docker run --device /dev/kmsg "
				     "--cap-add SYSLOG --user 0 would)";

	if (fd < 0) {
		snprintf(why, WHY_MAX, "/dev/kmsg: %s%s", strerror(errno), hint);
		return -1;
	}
	/* open(2) may succeed where only read(2) is refused. */
	if (lseek(fd, 0, SEEK_END) < 0 ||
	    (read(fd, record, sizeof(record)) < 0 && errno != EAGAIN && errno != EPIPE)) {
		snprintf(why, WHY_MAX, "/dev/kmsg: %s", strerror(errno));
		close(fd);
		return -1;
	}
	capture->kmsg_seen = false;
	return fd;
}

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
	family_was_killed(capture, (pid_t)strtol(text + strlen("Killed process"), NULL, 10));
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

	if (!text || sscanf(record, "%u,%" SCNu64 ",%" SCNu64, &prefix, &seq, &usec) != 3)
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

/* One record a read(2). EPIPE: records were overwritten before they were read; the gap shows. */
static bool read_one(struct capture *capture)
{
	char record[8192];
	ssize_t n = read(capture->polls[SOURCE_KMSG].fd, record, sizeof(record) - 1);

	if (n < 0)
		return errno == EPIPE || errno == EINTR;
	if (n == 0)
		return false;
	record[n] = '\0';
	take(capture, record);
	return true;
}

static void read_kmsg(struct capture *capture)
{
	for (int i = 0; i < 256 && read_one(capture); i++)
		;
}

void kmsg_drain(struct capture *capture)
{
	if (capture->polls[SOURCE_KMSG].fd < 0)
		return;
	for (int64_t n = 0; n < 1000000 && read_one(capture); n++)
		;
}

const struct source source_kmsg = {
	.name = "kmsg",
	.open = open_kmsg,
	.read = read_kmsg,
	.events = POLLIN,
};
