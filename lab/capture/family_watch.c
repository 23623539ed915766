/*
 * Which processes are the run's, wherever they go. A perf event that children inherit and that
 * counts nothing (PERF_COUNT_SW_DUMMY) writes a record of each fork, exec and exit
 * (perf_event_open(2)):
 *	PERF_RECORD_FORK, EXIT: header; u32 pid, ppid, tid, ptid; u64 time; ...
 *	PERF_RECORD_COMM: header; u32 pid, tid; char comm[]; ... u64 time (sample_id_all)
 * Without the event the run's processes are those found in cgroup.procs now and then.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/refusal.h"
#include "base/text.h"
#include "capture/family_watch.h"
#include "capture/source.h"
#include "launch/guardian.h"
#include "launch/process.h"

/* The pid of a process that ended this long ago may belong to another one. */
#define FORGET_NS INT64_C(60000000000)

/* A tick checks the cgroup of so many processes, and passes so many slots at most. */
enum { DATA_PAGES = 16, CHECKS_A_TICK = 8, STEPS_A_TICK = 512 };

static void take_task(struct capture *capture, const struct perf_event_header *record, size_t len)
{
	uint32_t ids[4];
	uint64_t t_ns;

	if (len < sizeof(*record) + sizeof(ids) + sizeof(t_ns))
		return;
	memcpy(ids, record + 1, sizeof(ids));
	memcpy(&t_ns, (const char *)(record + 1) + sizeof(ids), sizeof(t_ns));
	if (ids[0] != ids[2]) /* a thread */
		return;
	if (record->type == PERF_RECORD_FORK)
		family_forked(&capture->family->table, (pid_t)ids[0], (pid_t)ids[1], (int64_t)t_ns);
	else
		family_ended(&capture->family->table, (pid_t)ids[0], (int64_t)t_ns);
}

static void take_comm(struct capture *capture, const struct perf_event_header *record, size_t len)
{
	const char *at = (const char *)(record + 1);
	uint32_t ids[2];
	uint64_t t_ns;
	char comm[16] = "";

	if (len < sizeof(*record) + sizeof(ids) + 8 + sizeof(t_ns))
		return;
	memcpy(ids, at, sizeof(ids));
	memcpy(comm, at + sizeof(ids), 8);
	if (len >= sizeof(*record) + sizeof(ids) + 16 + sizeof(t_ns))
		memcpy(comm + 8, at + sizeof(ids) + 8, 7);
	memcpy(&t_ns, (const char *)record + len - sizeof(t_ns), sizeof(t_ns));
	if (ids[0] == ids[1])
		family_renamed(&capture->family->table, (pid_t)ids[0], comm, (int64_t)t_ns);
}

static void take(const struct perf_event_header *record, size_t len, void *ctx)
{
	struct capture *capture = ctx;

	if (record->type == PERF_RECORD_FORK || record->type == PERF_RECORD_EXIT) {
		take_task(capture, record, len);
	} else if (record->type == PERF_RECORD_COMM) {
		take_comm(capture, record, len);
	}
	capture->family->lost += perf_ring_lost(record, len);
}

/* Misses a process that comes and goes between two calls. */
static void read_procs(struct capture *capture)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	int64_t now = io_now_ns();
	long pid;

	if (!capture->cg->level_count || capture->cg->is_shared ||
	    io_read_at(capture->cg->levels[0].dirfd, "cgroup.procs", 1 << 20, &sb))
		return;
	for (char *p = sb.buf, *end; (pid = strtol(p, &end, 10)), end != p; p = end)
		if (pid > 0 && !family_find(&capture->family->table, (pid_t)pid))
			family_forked(&capture->family->table, (pid_t)pid, 0, now);
}

static void read_family(struct capture *capture)
{
	if (capture->family->knows_forks)
		perf_rings_read(&capture->family->rings, take, capture);
	else
		read_procs(capture);
}

static void close_family(struct capture *capture)
{
	if (!capture->family)
		return;
	perf_rings_close(&capture->family->rings);
	family_release(&capture->family->table);
	free(capture->family);
}

/* Its descriptor is put in by family_open(). */
const struct source source_family = {
	.read = read_family,
	.close = close_family,
	.events = POLLIN,
};

void family_open(struct capture *capture, pid_t target)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.exclude_kernel = 1,
		.inherit = 1,
		.task = 1,
		.comm = 1,
		.watermark = 1,
		.wakeup_watermark = DATA_PAGES / 2 * 4096,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	_cleanup_free_ char *why = NULL;
	char cause[WHY_MAX];
	int r;

	capture->family = xcalloc(1, sizeof(*capture->family));
	r = perf_rings_open(&capture->family->rings, &attr, target, DATA_PAGES);

	family_forked(&capture->family->table, target, 0, io_now_ns());
	capture->family->knows_forks = !r;
	capture->polls[SOURCE_FAMILY] = (struct pollfd){
		.fd = r ? -1 : capture->family->rings.epoll_fd, .events = source_family.events};
	if (r) {
		refusal_words(cause, sizeof(cause), "perf_event_open", -r,
			      "root, CAP_PERFMON, or kernel.perf_event_paranoid of 2 at most");
		why = text_format(
			"%s; which processes are the run's was looked up in cgroup.procs now and then",
			cause);
	}
	record_put_source(capture->w, RECORD_SOURCE_PROCESSES, !r, why);
}

static void put(struct capture *capture, const struct relative *who, const char *cgroup)
{
	const struct relative *parent = family_find(&capture->family->table, who->parent);
	const struct record_process process = {
		.t_ns = who->from_ns,
		.pid = who->pid,
		.parent = who->parent ? who->parent : ABSENT,
		.comm = who->comm[0] ? who->comm : NULL,
		.parent_comm = parent && parent->comm[0] ? parent->comm : NULL,
		.cgroup = cgroup,
	};

	record_put_process(capture->w, &process);
}

bool family_note_killed(struct capture *capture, pid_t pid)
{
	struct relative *who;

	if (!capture->family) /* nothing has been started yet */
		return false;
	read_family(capture);
	who = family_find(&capture->family->table, pid);
	if (!who) { /* it entered the cgroup otherwise than by fork, and may be there still */
		read_procs(capture);
		who = family_find(&capture->family->table, pid);
	}
	if (!who || (who->to_ns && io_now_ns() - who->to_ns > FORGET_NS))
		return false;
	if (!who->is_written && !who->has_left)
		put(capture, who, NULL);
	who->is_written = true;
	return true;
}

/*
 * An exit record can be missing: a set-user-ID exec removes the event, and records get lost. Then
 * the pid may belong to a stranger. It is the process of the table when its start time (proc(5)) is
 * the time of the fork, to two clock ticks. Start times go on while the machine is suspended.
 */
static bool is_still_the_same(const struct relative *who)
{
	const int64_t tick_ns = INT64_C(1000000000) / sysconf(_SC_CLK_TCK);
	int64_t start_ns = (int64_t)process_start_time(who->pid) * tick_ns;
	struct timespec boot = {0};
	int64_t asleep_ns;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	asleep_ns = boot.tv_sec * INT64_C(1000000000) + boot.tv_nsec - io_now_ns();
	return who->parent && start_ns && llabs(start_ns - who->from_ns - asleep_ns) <= 2 * tick_ns;
}

void family_guard(struct capture *capture, pid_t pid)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	int r = fd >= 0 ? guardian_take_process(capture->config.guardian, fd) : 0;

	if (!r || capture->family->is_unguarded_noted)
		return;
	capture->family->is_unguarded_noted = true;
	record_put_note(
		capture->w,
		r == -ENOBUFS
			? "The run's guardian can guard no more processes: had oomlab been ended, those that left the run's cgroup after that would have run on"
			: "The run's guardian could not be told of a process that left the run's cgroup: had oomlab been ended, that process would have run on");
}

/* Notes it when the process has left the run's cgroup. */
static void check_cgroup_of(struct capture *capture, pid_t pid)
{
	_cleanup_free_ char *path = cg_left_for(capture->cg, pid);
	struct relative *who;

	if (!path)
		return;
	/* Meanwhile the process may have ended, and another one have its pid. */
	read_family(capture);
	who = family_find(&capture->family->table, pid);
	if (!who || who->to_ns || !is_still_the_same(who))
		return;
	who->has_left = true;
	family_guard(capture, pid);
	put(capture, who, path);
	cgroups_seen_named(capture, path);
}

/*
 * The pid in a slot when its cgroup is to be checked, else 0. The target itself is checked by the
 * sampler, as the run ends when it leaves.
 */
static pid_t live_in(const struct capture *capture, size_t slot)
{
	const struct relative *who = &capture->family->table.slots[slot];

	return who->to_ns || who->has_left || who->pid == capture->target->pid ? 0 : who->pid;
}

static bool is_cgroup_ours(const struct capture *capture)
{
	return capture->cg->made && capture->target;
}

void family_tick(struct capture *capture)
{
	read_family(capture);
	if (!is_cgroup_ours(capture) || !capture->family->table.size)
		return;
	for (int checks = 0, steps = 0; checks < CHECKS_A_TICK && steps < STEPS_A_TICK; steps++) {
		pid_t pid = live_in(capture, capture->family->next++ % capture->family->table.size);

		if (pid)
			check_cgroup_of(capture, pid);
		checks += pid != 0;
	}
}

/* A pidfd still means the same process when its pid is used again. */
static bool stop_one(struct capture *capture, pid_t pid)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	const struct relative *who;

	read_family(capture);
	who = family_find(&capture->family->table, pid);
	if (fd < 0 || !who || who->to_ns || !is_still_the_same(who))
		return false;
	return !syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
}

static void stop_outside(struct capture *capture)
{
	char text[160];
	int stopped = 0;

	for (size_t i = 0; i < capture->family->table.size; i++) {
		struct relative *who = &capture->family->table.slots[i];

		if (!who->pid || !who->has_left || who->to_ns || who->is_stopped)
			continue;
		who->is_stopped = stop_one(capture, who->pid);
		stopped += who->is_stopped;
	}
	if (!stopped)
		return;
	snprintf(
		text, sizeof(text),
		"%s of the target %s still running outside of the run's cgroup at its end and stopped by oomlab",
		TEXT_COUNT(stopped, "process"), stopped == 1 ? "was" : "were");
	record_put_note(capture->w, text);
}

void family_stop(struct capture *capture)
{
	read_family(capture);
	if (!is_cgroup_ours(capture) || !capture->family->knows_forks)
		return;
	for (size_t i = 0; i < capture->family->table.size; i++)
		if (live_in(capture, i))
			check_cgroup_of(capture, live_in(capture, i));
	stop_outside(capture);
}

void family_end(struct capture *capture)
{
	family_stop(capture);
	if (capture->family->lost)
		record_put_lost(capture->w, LOSS_PROCESS_RECORDS, capture->family->lost);
}
