#include "profile/profile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "profile/address_space.h"
#include "profile/fault_blocks.h"
#include "profile/fault_locator.h"
#include "profile/gap_estimator.h"
#include "profile/perf_sample.h"
#include "profile/probes.h"
#include "profile/profile_state.h"
#include "profile/profile_table.h"
#include "profile/profile_write.h"
#include "profile/rss_ledger.h"
#include "profile/sampling_duty.h"
#include "profile/thread_share.h"
#include "profile/tracefs.h"
#include "symbols/registers.h"
#include "symbols/unwind.h"

#define IDLE_LEAST_NS 2000000
#define IDLE_MOST_NS  64000000
#define GAP_WAKE_NS   10000000

/* Without it the profile is as good, but nobody is known who reserved what. */
static int64_t reserve_point(struct touch *t)
{
	_cleanup_strbuf_ struct strbuf format = STRBUF_INIT;
	int64_t id = tracefs_event("mmap/vm_unmapped_area", &format);

	return id > 0 && touch_layout_reserve(format.buf, id, &t->layout) ? id : 0;
}

/* Without it the same is so of what is mapped at an address of the program's choice. */
static int64_t ask_point(struct touch *t)
{
	_cleanup_strbuf_ struct strbuf format = STRBUF_INIT;
	int64_t id = tracefs_event("syscalls/sys_enter_mmap", &format);

	return id > 0 && touch_layout_ask(format.buf, id, &t->layout) ? id : 0;
}

static void arm(const struct touch *t, uint64_t ns)
{
	const struct itimerspec when = {
		.it_value = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)}};

	timerfd_settime(t->timer_fd, 0, &when, NULL);
}

/* One descriptor tells of the rings and of the time. Without it the tracepoint is always on. */
static void open_timer(struct touch *t)
{
	struct epoll_event ev = {.events = EPOLLIN};

	t->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (t->timer_fd >= 0 && epoll_ctl(t->rings.epoll_fd, EPOLL_CTL_ADD, t->timer_fd, &ev) < 0)
		close(STEAL_FD(t->timer_fd));
	if (t->timer_fd >= 0)
		arm(t, IDLE_LEAST_NS);
}

static bool open_all(struct touch *t, pid_t pid, char *why, size_t size)
{
	_cleanup_strbuf_ struct strbuf format = STRBUF_INIT;
	struct touch_points points = {.rss = tracefs_event("kmem/rss_stat", &format)};
	int r;

	if (points.rss < 0) {
		snprintf(why, size, "the tracepoint kmem:rss_stat: %s (needs root and tracefs)",
			 strerror((int)-points.rss));
		return false;
	}
	if (!touch_layout(format.buf, &t->layout)) {
		snprintf(why, size, "the fields of kmem:rss_stat are not those this lab knows");
		return false;
	}
	points.reserve = reserve_point(t);
	points.ask = ask_point(t);
	t->has_usual_huge = touch_huge_are_usual();
	r = touch_rings_open(&t->rings, pid, &points);
	if (r) {
		snprintf(why, size, "perf_event_open: %s (needs CAP_PERFMON)", strerror(-r));
		return false;
	}
	touch_open_faults_beside(t, pid);
	open_timer(t);
	return true;
}

/* The root and what is mounted below are held, so that files are found when the process has gone.
 */
static struct touch *touch_new(pid_t pid, bool has_other_root)
{
	_cleanup_free_ char *mounts = text_format("/proc/%d/ns/mnt", (int)pid);
	struct touch *t = xcalloc(1, sizeof(*t));

	t->mounts = has_other_root ? open(mounts, O_RDONLY | O_CLOEXEC) : -1;
	t->record = xcalloc(1, TOUCH_RECORD_MAX);
	t->unwind = unwind_new(has_other_root ? modules_root_of(pid) : MODULES_ROOT_OWN);
	unwind_begin(t->unwind);
	t->rings.epoll_fd = t->timer_fd = -1;
	t->seen.room = t->least_room = INT64_MAX;
	t->ticks.is_mixed = TOUCH_MIXED_AT_FIRST;
	return t;
}

struct touch *touch_open_faults(pid_t pid, bool has_other_root, char *why, size_t size)
{
	const struct touch_points none = {0};
	struct touch *t = touch_new(pid, has_other_root);
	int r = touch_rings_open(&t->rings, pid, &none);

	t->is_by_faults = true;
	t->layout.period = TOUCH_FAULTS_PERIOD;
	if (!r) {
		snprintf(why, size, "page faults alone");
		return t;
	}
	snprintf(why, size, "perf_event_open: %s (needs kernel.perf_event_paranoid of 2 or less)",
		 strerror(-r));
	touch_free(t);
	return NULL;
}

struct touch *touch_open(pid_t pid, bool has_other_root, char *why, size_t size)
{
	struct touch *t = touch_new(pid, has_other_root);
	char why_not[160] = "", *end = why;

	if (open_all(t, pid, why_not, sizeof(why_not))) {
		*why = '\0';
		return t;
	}
	touch_free(t);
	t = touch_open_faults(pid, has_other_root, why, size);
	end += strlen(why);
	snprintf(end, size - (size_t)(end - why), "; %s", why_not);
	return t;
}

int touch_fd(const struct touch *t)
{
	return t->rings.epoll_fd;
}

static int64_t take_huge(struct touch *t, const struct touch_event *event, int64_t bytes,
			 uint64_t pages)
{
	bool can_be = event->counter == RSS_ANON ||
		      (event->counter == RSS_SHMEM && bytes >= HUGE_LEAST_BYTES);

	return can_be ? touch_huge_take(&t->huge, event, bytes, pages) : 0;
}

/* By `pages` events at most. */
static void gain(struct touch *t, const struct touch_event *event, int64_t bytes, uint64_t pages,
		 uint64_t last_ns)
{
	int64_t rest = bytes - take_huge(t, event, bytes, pages);

	if (event->counter == RSS_ANON && touch_huge_is_suspect(rest, pages))
		touch_suspect(t, event, rest, last_ns);
	else if (rest > 0 && event->counter == RSS_FILE)
		touch_share_add(&t->share, event, rest,
				&touch_file_row(t, event)->gained[RSS_FILE]);
	else if (rest > 0)
		touch_share_add(&t->share, event, rest,
				&touch_gaining_row(t, event)->gained[event->counter]);
	else
		touch_gaining_row(t, event);
}

static void on_rss(struct touch *t, const struct touch_event *event)
{
	uint64_t last_ns = touch_scale_last_ns(&t->scale, event);
	uint64_t pages = touch_scale_pages(&t->scale, event);
	int64_t bytes = touch_weigh(&t->scale, event);

	touch_spaces_note_sp(&t->spaces, event);
	t->seen.pages = t->scale.pages;
	t->seen.bytes += bytes > 0 ? bytes : 0;
	t->lost_bytes += bytes < 0 ? -bytes : 0;
	if (!bytes && !event->is_current)
		return;
	if (last_ns < t->on_ns) {
		/* In the gap nobody counted. */
		touch_after_gap(t, event, bytes - take_huge(t, event, bytes, UINT64_MAX), last_ns);
	} else if (bytes > 0) {
		gain(t, event, bytes, pages, last_ns);
	} else if (bytes < 0) {
		take_huge(t, event, 0, pages);
		touch_share_flush(&t->share);
		touch_lose(t, event, -bytes);
	}
}

static void on_reserve(struct touch *t, const struct touch_event *event)
{
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
	size_t depth = touch_stack_of(t, event, frames);

	touch_spaces_reserve(&t->spaces, event, frames, depth);
	touch_watch_large(t, event);
}

static void on_ask(struct touch *t, const struct touch_event *event)
{
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
	size_t depth = touch_stack_of(t, event, frames);

	touch_spaces_ask(&t->spaces, event, frames, depth);
	touch_watch_large(t, event);
}

static void on_map(struct touch *t, const struct touch_event *event)
{
	if (event->is_code)
		unwind_map(t->unwind, event->pid, event->start, event->len, event->pgoff,
			   event->path);
	touch_spaces_map(&t->spaces, event);
	touch_watch_heap(t, event->pid);
}

static void on_fault(struct touch *t, const struct touch_event *event)
{
	struct touch_where where;
	struct touch_row *row;

	touch_spaces_note_sp(&t->spaces, event);
	where = touch_where_fault(&t->faults, &t->spaces, event);
	if (touch_side_is_twice(&t->rings.sides, event->id, event->pid))
		return;
	row = touch_row_of(t, event, where);
	row->faults += (int64_t)event->period + touch_scale_missed(&t->scale, event->pid);
	if (!t->is_by_faults && !touch_duty_is_on(&t->duty))
		touch_at_work(t, event, row, (double)event->period);
	if (!t->is_by_faults)
		return;
	t->last_fault = row;
	if (touch_blocks_can_be_huge(&t->spaces, event->pid, event->address))
		touch_blocks_add(&t->blocks, event, row);
	touch_note_touched(t, where.mapping, event->t_ns);
}

static void on_fork(struct touch *t, const struct touch_event *event)
{
	bool is_blind = t->duty.state != DUTY_ALWAYS;

	if (is_blind)
		touch_read_parent(t, event->parent);
	unwind_fork(t->unwind, event->pid, event->parent);
	touch_scale_fork(&t->scale, event, is_blind);
	touch_read_child(t, event->pid, event->parent);
	touch_open_faults_of(t, event->pid, event->t_ns);
	touch_spaces_fork(&t->spaces, event);
}

static void on_event(struct touch *t, const struct touch_event *event)
{
	switch (event->kind) {
	case TOUCH_RSS:
		on_rss(t, event);
		break;
	case TOUCH_FAULT:
		on_fault(t, event);
		break;
	case TOUCH_TICK:
		touch_on_tick(t, event);
		break;
	case TOUCH_RESERVE:
		on_reserve(t, event);
		break;
	case TOUCH_ASK:
		on_ask(t, event);
		break;
	case TOUCH_GROW:
		touch_on_grow(t, event);
		break;
	case TOUCH_HUGE:
		touch_on_huge(t, event);
		break;
	case TOUCH_MAP:
		on_map(t, event);
		break;
	case TOUCH_FORK:
		on_fork(t, event);
		break;
	case TOUCH_EXEC:
		unwind_exec(t->unwind, event->pid, event->path);
		touch_scale_exec(&t->scale, event);
		touch_spaces_clear(&t->spaces, event->pid);
		break;
	case TOUCH_EXIT:
		unwind_exit(t->unwind, event->pid);
		touch_scale_exit(&t->scale, event->pid, event->t_ns);
		break;
	case TOUCH_LOST:
		t->lost += event->lost;
		/* Most likely they were of the same as the last that was not lost. */
		if (t->is_by_faults && t->last_fault)
			t->last_fault->faults += event->lost * TOUCH_FAULTS_PERIOD;
		break;
	case TOUCH_OTHER:
		break;
	}
}

/* What is to be watched is seen soon, but nobody is woken for programs that rest. */
static void note_idle(struct touch *t, bool is_idle)
{
	t->idle_ns = is_idle ? t->idle_ns * 2 : IDLE_LEAST_NS;
	t->idle_ns = t->idle_ns < IDLE_MOST_NS ? t->idle_ns : IDLE_MOST_NS;
}

static void read_rings(struct touch *t)
{
	bool is_idle = true;
	size_t len;

	touch_rings_begin(&t->rings);
	while ((len = touch_rings_next(&t->rings, t->record))) {
		struct touch_event event;

		if (touch_decode(&t->layout, t->record, len, &event))
			on_event(t, &event);
		else
			t->damaged++;
		is_idle = false;
	}
	note_idle(t, is_idle);
}

/* 0 is never. */
static uint64_t sooner(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns && (!b_ns || a_ns < b_ns) ? a_ns : b_ns;
}

/* On or off, by what is known now. */
static void step(struct touch *t)
{
	bool was_on = touch_duty_is_on(&t->duty), is_on;
	const struct touch_duty_seen last = t->duty.last;

	t->seen.t_ns = (uint64_t)io_now_ns();
	if (was_on)
		touch_step_huge(t, t->seen.pages - last.pages, t->seen.t_ns - last.t_ns);
	else if (touch_duty_is_due(&t->duty, t->seen.t_ns))
		touch_read_gap(t);
	t->seen.is_delicate = t->scale.copies > 0 || t->lost_bytes > t->seen.bytes / 4;
	touch_duty_step(&t->duty, &t->seen);
	t->fastest = t->duty.rate > t->fastest ? t->duty.rate : t->fastest;
	is_on = touch_duty_is_on(&t->duty);
	if (is_on && !was_on)
		t->on_ns = (uint64_t)io_now_ns(); /* after what was read */
	if (is_on != was_on)
		touch_rings_switch(&t->rings, is_on);
	touch_watch_gaps(t);
	arm(t, sooner(sooner(touch_duty_wait_ns(&t->duty), touch_huge_wait_ns(&t->huge)),
		      t->duty.state == DUTY_GAP ? GAP_WAKE_NS : t->idle_ns));
}

void touch_drain(struct touch *t)
{
	uint64_t ticks;

	if (t->timer_fd >= 0 && read(t->timer_fd, &ticks, sizeof(ticks)) < 0)
		ticks = 0;
	read_rings(t);
	if (t->timer_fd >= 0)
		step(t);
}

void touch_set_room(struct touch *t, int64_t bytes)
{
	t->seen.room = bytes;
	t->least_room = bytes < t->least_room ? bytes : t->least_room;
}

void touch_set_peak(struct touch *t, pid_t pid, int64_t bytes, bool is_killed)
{
	touch_scale_peak(&t->scale, pid, bytes, is_killed);
}

void touch_write(struct touch *t, struct record_writer *w)
{
	touch_share_flush(&t->share);
	touch_end_huge(t);
	touch_end_gaps(t);
	touch_put_modules(t->unwind, w);
	touch_put_trouble(t->unwind, w);
	touch_put_processes(&t->scale, w);
	touch_put_maps(&t->scale, t->unwind, w);
	touch_spaces_drop_refused(&t->spaces);
	touch_put_mappings(&t->spaces, t->layout.reserve_id, w);
	touch_table_spread(&t->table);
	touch_put_rows(&t->table, w);
	if (t->lost)
		record_put_lost(w, LOSS_SAMPLES, t->lost);
	if (t->damaged)
		record_put_lost(w, LOSS_SAMPLES_BAD, t->damaged);
}

struct unwind *touch_unwind(struct touch *t)
{
	return t->unwind;
}

struct modules touch_take_modules(struct touch *t)
{
	return unwind_take_modules(t->unwind);
}

void touch_free(struct touch *t)
{
	if (!t)
		return;
	touch_rings_release(&t->rings);
	if (t->timer_fd >= 0)
		close(t->timer_fd);
	if (t->mounts >= 0)
		close(t->mounts);
	touch_scale_release(&t->scale);
	touch_table_release(&t->table);
	touch_spaces_release(&t->spaces);
	touch_blocks_release(&t->blocks);
	unwind_free(t->unwind);
	free(t->record);
	free(t);
}
