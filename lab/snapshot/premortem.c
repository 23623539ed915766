#include "snapshot/premortem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "capture/source.h"
#include "launch/process.h"
#include "profile/touch.h"
#include "profile/touch_put.h"
#include "snapshot/look.h"
#include "snapshot/premortem_core.h"

#define FREEZE_PATIENCE_NS INT64_C(3000000000) /* throttling keeps a thread for 2 s at most */
#define LOOK_PATIENCE_NS   INT64_C(3000000000)

enum { MAPS_MAX = 8 };

static const char name[] = "pre-mortem";

int64_t premortem_plan(const struct premortem_facts *f, int percent, const char **why)
{
	int64_t high;

	*why = NULL;
	if (f->cgroup_version != 2)
		*why = "cgroup v1 has no memory.high to warn of the limit";
	else if (f->is_shared)
		*why = "the lab is in the same cgroup and would freeze itself";
	else if (f->limit == INT64_MAX)
		*why = "there is no memory.max to look just below";
	else if (f->memory_high != INT64_MAX)
		*why = "memory.high is in use by the run itself";
	if (*why)
		return -1;
	high = (f->limit - f->limit / 100 * percent) & -f->page_size;
	if (high <= f->current)
		*why = "so much is charged already that the limit is too near";
	return *why ? -1 : high;
}

bool premortem_is_due(int64_t current, int64_t limit, int64_t high, const char *memory_stat)
{
	int64_t active = io_keyed_number(memory_stat, "active_file");
	int64_t inactive = io_keyed_number(memory_stat, "inactive_file");

	current -= (active > 0 ? active : 0) + (inactive > 0 ? inactive : 0);
	/* Twice as far from the limit: a little page cache is always there. */
	return current >= high - (limit - high);
}

static void gather(const struct capture *capture, struct premortem_facts *f)
{
	*f = (struct premortem_facts){
		.cgroup_version = capture->cg->version,
		.is_shared = capture->cg->is_shared,
		.limit = INT64_MAX,
		.memory_high = INT64_MAX,
		.page_size = sysconf(_SC_PAGESIZE),
	};
	for (int level = 0; level < capture->cg->level_count; level++) {
		struct cgroup_limits limits;

		cg_read_limits(capture->cg, level, &limits);
		if (limits.memory_max.is_set && !limits.memory_max.is_max &&
		    limits.memory_max.bytes < (uint64_t)f->limit)
			f->limit = (int64_t)limits.memory_max.bytes;
		if (level == 0 && limits.memory_high.is_set && !limits.memory_high.is_max)
			f->memory_high = (int64_t)limits.memory_high.bytes;
	}
	io_read_number_at(capture->cg->levels[0].dirfd, "memory.current", &f->current);
}

static int write_file(const struct capture *capture, const char *file, const char *text)
{
	return io_write_at(capture->cg->levels[0].dirfd, file, text);
}

void premortem_arm(struct capture *capture)
{
	struct record_premortem *p = &capture->premortem;
	struct premortem_facts facts;
	char text[32], reason[WHY_MAX];
	const char *why;
	int r;

	*p = (struct record_premortem){.wait_ns = ABSENT, .core_bytes = ABSENT};
	if (!capture->config.premortem_percent)
		return;
	gather(capture, &facts);
	p->percent = capture->config.premortem_percent;
	p->limit = facts.limit;
	p->high = premortem_plan(&facts, capture->config.premortem_percent, &why);
	if (!why) {
		snprintf(text, sizeof(text), "%" PRId64, p->high);
		r = write_file(capture, "memory.high", text);
		snprintf(reason, sizeof(reason), "memory.high: %s", strerror(-r));
		why = r < 0 ? reason : NULL;
	}
	record_put_source(capture->w, name, !why, why);
	capture->is_armed = !why;
	if (!why)
		premortem_put_armed(capture->w, p);
}

static bool is_due(struct capture *capture)
{
	_cleanup_strbuf_ struct strbuf stat = STRBUF_INIT;
	int dirfd = capture->cg->levels[0].dirfd;
	int64_t current;

	return !io_read_number_at(dirfd, "memory.current", &current) &&
	       !io_read_at(dirfd, "memory.stat", 65536, &stat) &&
	       premortem_is_due(current, capture->premortem.limit, capture->premortem.high,
				stat.buf);
}

/* cgroup.events raises POLLPRI when "frozen" changes. */
static bool wait_until_frozen(const struct capture *capture)
{
	_cleanup_close_ int fd =
		openat(capture->cg->levels[0].dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t deadline = io_now_ns() + FREEZE_PATIENCE_NS, left = FREEZE_PATIENCE_NS;
	struct pollfd p = {.fd = fd, .events = POLLPRI};

	while (fd >= 0 && left > 0) {
		char text[256];
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

		text[n < 0 ? 0 : n] = '\0';
		if (n < 0 || io_keyed_number(text, "frozen") == 1)
			return n > 0;
		poll(&p, 1, (int)(left / 1000000) + 1);
		left = deadline - io_now_ns();
	}
	return false;
}

/* Whether the kernel was faster: then there is nothing left to look at. */
static bool is_too_late(struct capture *capture)
{
	struct record_counters now;

	counters_read(capture->cg, 0, false, &now);
	return now.value[COUNTER_OOM_KILL] != capture->before.value[COUNTER_OOM_KILL];
}

struct sized_pid {
	pid_t pid;
	int64_t rss;
};

static int larger_first(const void *a, const void *b)
{
	const struct sized_pid *x = a, *y = b;

	return (y->rss > x->rss) - (y->rss < x->rss);
}

/* Who holds the most is looked at first. */
static struct sized_pid *processes_by_size(const struct capture *capture, size_t *count)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct sized_pid *pids = NULL;
	char *save = NULL;

	*count = 0;
	if (io_read_at(capture->cg->levels[0].dirfd, "cgroup.procs", 1 << 20, &text))
		return NULL;
	for (char *s = strtok_r(text.buf, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		struct sized_pid one = {.pid = atoi(s)};
		int64_t vsz;

		if (one.pid <= 0 || process_sizes(one.pid, &vsz, &one.rss))
			continue;
		if (!(*count & (*count - 1)))
			pids = xrealloc(pids, *count ? *count * 2 : 1, sizeof(*pids));
		pids[(*count)++] = one;
	}
	if (*count)
		qsort(pids, *count, sizeof(*pids), larger_first);
	return pids;
}

/* The arenas as they are now; the log goes to the caller. */
static bool write_arenas(const struct capture *capture, struct trace_log *log)
{
	_cleanup_free_ struct trace_summary *summary = NULL;
	struct err ignored = ERR_INIT;

	if (!capture->config.ring || trace_ring_read(capture->config.ring, log, &ignored) < 0)
		return false;
	summary = trace_log_summary(log);
	for (size_t i = 0; i < log->arena_count; i++) {
		struct record_arena arena;

		trace_summary_to_record(&summary[i], &arena);
		premortem_put_arena(capture->w, &arena);
	}
	return true;
}

/* Where there is no touch profile whose unwinding could serve. */
static struct unwind *new_unwind(const struct capture *capture)
{
	const struct target *target = capture->target;

	return unwind_new(target && target->is_foreign ? modules_root_of(target->pid)
						       : MODULES_ROOT_OWN);
}

static void look_around(struct capture *capture)
{
	struct trace_log log = {0};
	size_t count;
	_cleanup_free_ struct sized_pid *pids = processes_by_size(capture, &count);
	struct unwind *own = capture->touch ? NULL : new_unwind(capture);
	struct look look = {
		.w = capture->w,
		.proc = "/proc",
		.unwind = own ? own : touch_unwind(capture->touch),
		.is_frozen = capture->premortem.is_frozen,
		.deadline_ns = io_now_ns() + LOOK_PATIENCE_NS,
	};
	struct stat ring;

	if (capture->config.ring && fstat(trace_ring_fd(capture->config.ring), &ring) == 0) {
		look.ring_dev = (uint64_t)ring.st_dev;
		look.ring_ino = (uint64_t)ring.st_ino;
	}
	look.log = write_arenas(capture, &log) ? &log : NULL;
	for (size_t i = 0; i < count; i++) {
		look_at(&look, pids[i].pid);
		if (i < MAPS_MAX)
			processes_write_maps(capture, pids[i].pid);
	}
	look_write_left(&look);
	for (size_t i = 0; own && i < unwind_modules(own)->count; i++)
		record_put_module(capture->w, (int64_t)i, unwind_modules(own)->items[i].path);
	if (own) {
		touch_put_trouble(own, capture->w);
		modules_release(&capture->modules);
		capture->modules = unwind_take_modules(own);
	}
	unwind_free(own);
	trace_log_release(&log);
}

static void thaw(const struct capture *capture)
{
	write_file(capture, "memory.high", "max");
	write_file(capture, "cgroup.freeze", "0");
}

/* Ends the freeze: stopped by a signal instead, the target waits for gdb. */
static void write_core(struct capture *capture)
{
	struct record_premortem *p = &capture->premortem;
	struct stopped stopped;
	char path[4096], why[WHY_MAX];

	if (!capture->config.core_dir)
		return;
	premortem_stop_all(capture->cg->levels[0].dirfd, &stopped);
	thaw(capture);
	if (premortem_core(capture->target->pid, capture->config.core_dir, path, sizeof(path),
			   &p->core_bytes, why))
		p->core = path;
	else
		p->core_why = why;
	premortem_go_on(&stopped);
	premortem_put_core(capture->w, p);
	p->core = p->core_why = NULL;
}

static void write_look(struct capture *capture, int64_t since, bool late)
{
	struct record_premortem *p = &capture->premortem;

	p->t_ns = io_now_ns();
	p->wait_ns = p->t_ns - since;
	if (late) {
		p->t_ns = ABSENT;
		p->why = "memory went past memory.high and memory.max at once, and the kernel "
			 "killed before the lab could look";
	} else if (!p->is_frozen) {
		p->why = "a thread did not leave the kernel in time; what was seen was in motion";
	}
	sampler_take(capture);
	if (!late)
		memory_files_look(capture);
	memcpy(p->value, capture->last.value, sizeof(p->value));
	premortem_put_look(capture->w, p);
	p->why = NULL;
}

static void write_thaw(struct capture *capture)
{
	struct record_premortem *p = &capture->premortem;
	struct record_counters now;

	counters_read(capture->cg, 0, false, &now);
	p->thaw_ns = io_now_ns();
	p->high_events = now.value[COUNTER_HIGH] - capture->before.value[COUNTER_HIGH];
	premortem_put_thaw(capture->w, p);
}

/* From the freezing to the thaw nothing may return early: a frozen cgroup would stay behind. */
static void take(struct capture *capture)
{
	struct record_premortem *p = &capture->premortem;
	int64_t since = io_now_ns();
	bool late;

	capture->is_armed = false;
	record_put_mark(capture->w, since, name);
	if (capture->touch)
		touch_drain(capture->touch);
	p->is_frozen = !write_file(capture, "cgroup.freeze", "1") && wait_until_frozen(capture);
	late = is_too_late(capture);
	write_look(capture, since, late);
	if (!late) {
		look_around(capture);
		write_core(capture);
	}
	thaw(capture);
	write_thaw(capture);
	/* The target's time did not pass. */
	capture->deadline_ns += io_now_ns() - since;
}

void premortem_check(struct capture *capture)
{
	int64_t high = capture->now.value[COUNTER_HIGH];

	if (!capture->is_armed || capture->target_ended || high == ABSENT ||
	    high == capture->high_seen)
		return;
	if (!capture->high_seen && high == capture->before.value[COUNTER_HIGH])
		return;
	capture->high_seen = high;
	if (is_due(capture) || is_too_late(capture))
		take(capture);
}

void premortem_disarm(struct capture *capture)
{
	if (!capture->is_armed)
		return;
	capture->is_armed = false;
	write_file(capture, "memory.high", "max");
	write_thaw(capture);
}
