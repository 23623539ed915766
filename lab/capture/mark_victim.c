/*
 * The tracepoint oom:mark_victim through perf_event_open(2), one ring a CPU: it names victims where
 * the kernel log cannot be read, and nothing stays behind in tracefs. The format file names the
 * fields: before 6.9 only pid, later comm and sizes too (6.1.192 has them by backport):
 *	field:int pid;	offset:8;	size:4;	signed:1;
 *	field:__data_loc char[] comm;	offset:12;	size:4;	signed:0;
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/refusal.h"
#include "base/text.h"
#include "capture/source.h"
#include "profile/perf_ring.h"

enum { DATA_PAGES = 2 };

struct mark_victim {
	struct perf_rings rings;
	int64_t lost;				/* events */
	unsigned short pid_offset, comm_offset; /* in the raw bytes; 0: no such field */
};

static const char *const event_dirs[] = {
	"/sys/kernel/tracing/events/oom/mark_victim",
	"/sys/kernel/debug/tracing/events/oom/mark_victim",
};

/* Offset of the field whose declaration ends so, or 0. */
static unsigned short field_offset(const char *format, const char *declaration)
{
	const char *at = strstr(format, declaration);
	unsigned int offset = 0;

	if (at && (at = strstr(at, "offset:")))
		sscanf(at, "offset:%u", &offset);
	return (unsigned short)offset;
}

static int read_event(struct capture *capture, int64_t *id)
{
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(event_dirs) && r; i++) {
		_cleanup_strbuf_ struct strbuf format = STRBUF_INIT;
		_cleanup_close_ int dir = open(event_dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (dir < 0) {
			r = -errno;
			continue;
		}
		r = io_read_number_at(dir, "id", id);
		if (!r)
			r = io_read_at(dir, "format", 8192, &format);
		capture->mark_victim->pid_offset = field_offset(format.buf, " pid;");
		capture->mark_victim->comm_offset = field_offset(format.buf, "char[] comm;");
	}
	return r;
}

static int open_rings(struct capture *capture, int64_t id)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = (uint64_t)id,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
		.wakeup_events = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};

	return perf_rings_open(&capture->mark_victim->rings, &attr, -1, DATA_PAGES);
}

/*
 * Closing a tracepoint that nobody else has open waits until no CPU can be inside it: 40 to 50 ms
 * at the end of each run, nothing with one CPU. The line of a kill is not rate-limited, so beside
 * the kernel log the tracepoint adds only a pid, and only if that line was overwritten unread.
 */
static bool is_worth_its_wait(const struct capture *capture)
{
	return capture->polls[SOURCE_KMSG].fd < 0 || sysconf(_SC_NPROCESSORS_ONLN) == 1;
}

static int open_mark_victim(struct capture *capture, char *why)
{
	int64_t id = 0;
	int r;

	if (!is_worth_its_wait(capture)) {
		snprintf(why, WHY_MAX, "not needed beside /dev/kmsg; closing it takes 50 ms");
		return SOURCE_NEEDLESS;
	}
	capture->mark_victim = xcalloc(1, sizeof(*capture->mark_victim));
	r = read_event(capture, &id);
	if (r) {
		if (r == -ENOENT)
			snprintf(why, WHY_MAX,
				 "oom:mark_victim: tracefs is not mounted, or does not have it");
		else
			refusal_words(why, WHY_MAX, "tracefs", -r, "root");
		return -1;
	}
	r = open_rings(capture, id);
	if (r) {
		refusal_words(why, WHY_MAX, "perf_event_open", -r, "CAP_PERFMON");
		return -1;
	}
	return capture->mark_victim->rings.epoll_fd;
}

/* PERF_RECORD_SAMPLE with TIME and RAW: header, u64 time, u32 size, the tracepoint's bytes. */
static void take_sample(struct capture *capture, const char *record, size_t len)
{
	uint64_t t_ns;
	uint32_t raw_size, data_loc;
	int32_t pid;
	char comm[64] = "";
	const char *raw = record + 20;

	if (len < 20)
		return;
	memcpy(&t_ns, record + 8, sizeof(t_ns));
	memcpy(&raw_size, record + 16, sizeof(raw_size));
	if (raw_size > len - 20 || !capture->mark_victim->pid_offset ||
	    capture->mark_victim->pid_offset + 4U > raw_size)
		return;
	memcpy(&pid, raw + capture->mark_victim->pid_offset, sizeof(pid));
	if (capture->mark_victim->comm_offset &&
	    capture->mark_victim->comm_offset + 4U <= raw_size) {
		memcpy(&data_loc, raw + capture->mark_victim->comm_offset, sizeof(data_loc));
		if ((data_loc & 0xffff) + (data_loc >> 16) <= raw_size)
			snprintf(comm, sizeof(comm), "%.*s", (int)(data_loc >> 16),
				 raw + (data_loc & 0xffff));
	}
	family_note_killed(capture, pid);
	record_put_mark_victim(capture->w, (int64_t)t_ns, pid, comm[0] ? comm : NULL);
}

static void take(const struct perf_event_header *record, size_t len, void *ctx)
{
	struct capture *capture = ctx;

	if (record->type == PERF_RECORD_SAMPLE && record->size == len)
		take_sample(capture, (const char *)record, len);
	capture->mark_victim->lost += perf_ring_lost(record, len);
}

static void read_mark_victim(struct capture *capture)
{
	perf_rings_read(&capture->mark_victim->rings, take, capture);
}

static void put_losses(struct capture *capture)
{
	if (capture->mark_victim && capture->mark_victim->lost)
		record_put_lost(capture->w, LOSS_MARK_VICTIM, capture->mark_victim->lost);
}

static void close_mark_victim(struct capture *capture)
{
	if (!capture->mark_victim)
		return;
	perf_rings_close(&capture->mark_victim->rings);
	free(capture->mark_victim);
}

const struct source source_mark_victim = {
	.name = "mark_victim",
	.open = open_mark_victim,
	.read = read_mark_victim,
	.put_losses = put_losses,
	.close = close_mark_victim,
	.events = POLLIN,
};
