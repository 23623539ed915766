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
#include "launch/process.h"
#include "profile/profile.h"
#include "profile/profile_write.h"
#include "snapshot/cgroup_counters.h"
#include "snapshot/maps.h"
#include "snapshot/premortem_core.h"
#include "snapshot/snapshot.h"

#define FREEZE_PATIENCE_NS   INT64_C(3000000000) /* throttling keeps a thread for 2 s at most */
#define SNAPSHOT_PATIENCE_NS INT64_C(3000000000)

enum { MAPS_MAX = 8, WHY_MAX = 256 };

static const char source_name[] = "pre-mortem";

int64_t premortem_plan(const struct premortem_facts *f, int percent, const char **why)
{
	int64_t high;

	*why = NULL;
	if (f->cgroup_version != 2)
		*why = "cgroup v1 has no memory.high to warn of the limit";
	else if (f->is_shared)
		*why = "oomlab is in the same cgroup and would freeze itself";
	else if (f->limit == INT64_MAX)
		*why = "there is no memory.max below which a snapshot could be taken";
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

static void gather(const struct cg *cg, struct premortem_facts *f)
{
	*f = (struct premortem_facts){
		.cgroup_version = cg->version,
		.is_shared = cg->is_shared,
		.limit = INT64_MAX,
		.memory_high = INT64_MAX,
		.page_size = sysconf(_SC_PAGESIZE),
	};
	for (int level = 0; level < cg->level_count; level++) {
		struct cgroup_limits limits;

		cg_read_limits(cg, level, &limits);
		if (limits.memory_max.is_set && !limits.memory_max.is_max &&
		    limits.memory_max.bytes < (uint64_t)f->limit)
			f->limit = (int64_t)limits.memory_max.bytes;
		if (level == 0 && limits.memory_high.is_set && !limits.memory_high.is_max)
			f->memory_high = (int64_t)limits.memory_high.bytes;
	}
	io_read_number_at(cg->levels[0].dirfd, "memory.current", &f->current);
}

static int write_file(const struct premortem *p, const char *file, const char *text)
{
	return io_write_at(p->config.cg->levels[0].dirfd, file, text);
}

void premortem_arm(struct premortem *p, const struct premortem_config *config)
{
	struct premortem_facts facts;
	char text[32], reason[WHY_MAX];
	const char *why;
	int r;

	*p = (struct premortem){.config = *config,
				.told = {.wait_ns = ABSENT, .core_bytes = ABSENT}};
	if (!config->percent)
		return;
	gather(config->cg, &facts);
	cgroup_counters_read(config->cg, 0, false, &p->before);
	cgroup_counters_read(config->cg, 0, true, &p->before_local);
	p->told.percent = config->percent;
	p->told.limit = facts.limit;
	p->told.high = premortem_plan(&facts, config->percent, &why);
	if (!why) {
		snprintf(text, sizeof(text), "%" PRId64, p->told.high);
		r = write_file(p, "memory.high", text);
		snprintf(reason, sizeof(reason), "memory.high: %s", strerror(-r));
		why = r < 0 ? reason : NULL;
	}
	record_put_source(config->w, source_name, !why, why);
	p->is_armed = !why;
	if (!why)
		premortem_put_armed(config->w, &p->told);
}

static bool is_due(struct premortem *p)
{
	_cleanup_strbuf_ struct strbuf stat = STRBUF_INIT;
	int dirfd = p->config.cg->levels[0].dirfd;
	int64_t current;

	return !io_read_number_at(dirfd, "memory.current", &current) &&
	       !io_read_at(dirfd, "memory.stat", 65536, &stat) &&
	       premortem_is_due(current, p->told.limit, p->told.high, stat.buf);
}

/*
 * cgroup.events raises POLLPRI when "frozen" changes. 1: all is frozen; 0: not in time; or -errno:
 * that cannot be known.
 */
static int wait_until_frozen(const struct premortem *p)
{
	_cleanup_close_ int fd =
		openat(p->config.cg->levels[0].dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t deadline = io_now_ns() + FREEZE_PATIENCE_NS, left = FREEZE_PATIENCE_NS;
	struct pollfd changes = {.fd = fd, .events = POLLPRI};

	if (fd < 0)
		return -errno;
	while (left > 0) {
		char text[256];
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		int64_t frozen;

		if (n < 0)
			return -errno;
		text[n] = '\0';
		frozen = io_keyed_number(text, "frozen");
		if (frozen < 0)
			return -ENODATA;
		if (frozen == 1)
			return 1;
		poll(&changes, 1, (int)(left / 1000000) + 1);
		left = deadline - io_now_ns();
	}
	return 0;
}

/* False: the reason is in why[WHY_MAX]. */
static bool freeze(const struct premortem *p, char *why)
{
	int r = write_file(p, "cgroup.freeze", "1");

	if (r < 0) {
		snprintf(why, WHY_MAX, "cgroup.freeze could not be written (%s)", strerror(-r));
		return false;
	}
	r = wait_until_frozen(p);
	if (r < 0)
		snprintf(why, WHY_MAX, "cgroup.events could not be read (%s)", strerror(-r));
	else if (!r)
		snprintf(why, WHY_MAX,
			 "a thread did not leave the kernel in time, so the others ran on");
	return r == 1;
}

static bool has_risen(const struct record_counters *before, const struct record_counters *now,
		      enum counter which)
{
	return is_known(before->value[which]) && is_known(now->value[which]) &&
	       now->value[which] > before->value[which];
}

/* Whether the kernel has killed already: in the cgroup or in one below it, for any limit. */
static bool is_too_late(const struct premortem *p)
{
	struct record_counters now;

	cgroup_counters_read(p->config.cg, 0, false, &now);
	return has_risen(&p->before, &now, COUNTER_OOM_KILL);
}

/* Whether the cgroup's own memory.max was reached; false: it was not, or that is not known. */
static bool was_limit_reached(const struct premortem *p)
{
	struct record_counters now;

	cgroup_counters_read(p->config.cg, 0, true, &now);
	return has_risen(&p->before_local, &now, COUNTER_OOM);
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

/* The largest first, because the snapshot may run out of time. malloc'd; NULL: none. */
static struct sized_pid *processes_by_size(const struct premortem *p, size_t *count)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct sized_pid *pids = NULL;
	char *save = NULL;

	*count = 0;
	if (io_read_at(p->config.cg->levels[0].dirfd, "cgroup.procs", 1 << 20, &text))
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

/* Writes the arenas as they are now. The caller releases the log. False: there is none. */
static bool write_arenas(const struct premortem *p, struct trace_log *log)
{
	_cleanup_free_ struct trace_summary *summary = NULL;
	struct err ignored = ERR_INIT;

	if (!p->config.ring || trace_ring_read(p->config.ring, log, &ignored) < 0)
		return false;
	summary = trace_log_summary(log);
	for (size_t i = 0; i < log->arena_count; i++) {
		struct record_arena arena;

		trace_summary_to_record(&summary[i], &arena);
		premortem_put_arena(p->config.w, &arena);
	}
	return true;
}

/* For a run without a touch profile. */
static struct unwind *new_unwind(const struct premortem *p)
{
	const struct target *target = p->target;

	return unwind_new(target && target->is_foreign ? modules_root_of(target->pid)
						       : MODULES_ROOT_OWN);
}

static void take_snapshot(struct premortem *p)
{
	struct trace_log log = {0};
	size_t count;
	_cleanup_free_ struct sized_pid *pids = processes_by_size(p, &count);
	struct unwind *own = p->profile ? NULL : new_unwind(p);
	struct snapshot snapshot = {
		.w = p->config.w,
		.proc = "/proc",
		.unwind = own ? own : profile_unwind(p->profile),
		.is_frozen = p->told.is_frozen,
		.deadline_ns = io_now_ns() + SNAPSHOT_PATIENCE_NS,
	};
	struct stat ring;

	if (p->config.ring && fstat(trace_ring_fd(p->config.ring), &ring) == 0) {
		snapshot.ring_dev = (uint64_t)ring.st_dev;
		snapshot.ring_ino = (uint64_t)ring.st_ino;
	}
	snapshot.log = write_arenas(p, &log) ? &log : NULL;
	for (size_t i = 0; i < count; i++) {
		snapshot_process(&snapshot, pids[i].pid);
		if (i < MAPS_MAX)
			maps_write(p->config.w, pids[i].pid);
	}
	snapshot_write_left(&snapshot);
	for (size_t i = 0; own && i < unwind_modules(own)->count; i++)
		record_put_module(p->config.w, (int64_t)i, unwind_modules(own)->items[i].path);
	if (own) {
		profile_write_trouble(own, p->config.w);
		modules_release(&p->modules);
		p->modules = unwind_take_modules(own);
	}
	unwind_free(own);
	trace_log_release(&log);
}

static void thaw(const struct premortem *p)
{
	write_file(p, "memory.high", "max");
	write_file(p, "cgroup.freeze", "0");
}

/* Thaws the cgroup, for gdb's sake: SIGSTOP holds the processes instead. */
static void write_core(struct premortem *p)
{
	struct record_premortem *told = &p->told;
	struct stopped stopped;
	char path[4096], why[WHY_MAX];

	if (!p->config.core_dir)
		return;
	premortem_core_stop_all(p->config.cg->levels[0].dirfd, &stopped);
	thaw(p);
	if (premortem_core_write(p->target->pid, p->config.core_dir, path, sizeof(path),
				 &told->core_bytes, why))
		told->core = path;
	else
		told->core_why = why;
	premortem_core_continue(&stopped);
	premortem_put_core(p->config.w, told);
	told->core = told->core_why = NULL;
}

/* why_moving: of freeze(). */
static void write_moment(struct premortem *p, int64_t since, bool late, const char *why_moving)
{
	struct record_premortem *told = &p->told;

	told->t_ns = io_now_ns();
	told->wait_ns = told->t_ns - since;
	if (late) {
		told->t_ns = ABSENT;
		told->why =
			was_limit_reached(p)
				? "memory went past memory.high and memory.max, and the kernel killed a process, before oomlab could take a snapshot"
				: "the kernel killed a process in the run's cgroup, or in one below it, before oomlab could take a snapshot";
	} else if (!told->is_frozen) {
		told->why = why_moving;
	}
	p->config.sample(p->config.ctx, told->value);
	premortem_put_look(p->config.w, told);
	told->why = NULL;
}

static void write_thaw(struct premortem *p)
{
	struct record_counters now;

	cgroup_counters_read(p->config.cg, 0, false, &now);
	p->told.thaw_ns = io_now_ns();
	p->told.high_events = now.value[COUNTER_HIGH] - p->before.value[COUNTER_HIGH];
	premortem_put_thaw(p->config.w, &p->told);
}

/*
 * From the freezing to the thaw nothing may return early: the cgroup would stay frozen. Returns how
 * long it took, ns.
 */
static int64_t freeze_and_snapshot(struct premortem *p)
{
	int64_t since = io_now_ns();
	char why[WHY_MAX];
	bool late;

	p->is_armed = false;
	record_put_mark(p->config.w, since, MARK_PREMORTEM, ABSENT);
	if (p->profile)
		profile_drain(p->profile);
	p->told.is_frozen = freeze(p, why);
	late = is_too_late(p);
	write_moment(p, since, late, why);
	if (!late) {
		take_snapshot(p);
		write_core(p);
	}
	thaw(p);
	write_thaw(p);
	return io_now_ns() - since;
}

int64_t premortem_check(struct premortem *p, const struct target *target, struct profile *profile,
			int64_t high)
{
	if (!p->is_armed || high == ABSENT || high == p->high_seen)
		return 0;
	if (!p->high_seen && high == p->before.value[COUNTER_HIGH])
		return 0;
	p->high_seen = high;
	p->target = target;
	p->profile = profile;
	return is_due(p) || is_too_late(p) ? freeze_and_snapshot(p) : 0;
}

void premortem_disarm(struct premortem *p)
{
	if (!p->is_armed)
		return;
	p->is_armed = false;
	write_file(p, "memory.high", "max");
	write_thaw(p);
}

struct modules premortem_take_modules(struct premortem *p)
{
	struct modules taken = p->modules;

	p->modules = (struct modules){0};
	return taken;
}

void premortem_release(struct premortem *p)
{
	modules_release(&p->modules);
}
