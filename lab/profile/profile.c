#include "profile/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/refusal.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "profile/address_returns.h"
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

/* The id of a tracepoint whose layout is known, or 0. */
static int64_t point(struct profile *prof, const char *name,
		     bool (*read_layout)(const char *, int64_t, struct perf_sample_layout *))
{
	_cleanup_strbuf_ struct strbuf format = STRBUF_INIT;
	int64_t id = tracefs_event(name, &format);

	return id > 0 && read_layout(format.buf, id, &prof->layout) ? id : 0;
}

/*
 * Without munmap(2) nobody is told of who reserved memory: what is mapped later at the same address
 * would be taken for his. Without sys_enter_mmap it is not known of an address that the program chose.
 */
static void find_reserve_points(struct profile *prof, struct probe_points *points)
{
	points->unmap = point(prof, "syscalls/sys_enter_munmap", perf_sample_layout_unmap);
	points->remap = point(prof, "syscalls/sys_enter_mremap", perf_sample_layout_remap);
	if (!points->unmap || !points->remap)
		return;
	points->reserve = point(prof, "mmap/vm_unmapped_area", perf_sample_layout_reserve);
	points->request = point(prof, "syscalls/sys_enter_mmap", perf_sample_layout_request);
}

static void arm(const struct profile *prof, uint64_t ns)
{
	const struct itimerspec when = {
		.it_value = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)}};

	timerfd_settime(prof->timer_fd, 0, &when, NULL);
}

/* The timer is in the rings' epoll set. Without a timer the tracepoint is always on. */
static void open_timer(struct profile *prof)
{
	struct epoll_event ev = {.events = EPOLLIN};

	prof->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (prof->timer_fd >= 0 &&
	    epoll_ctl(prof->probes.epoll_fd, EPOLL_CTL_ADD, prof->timer_fd, &ev) < 0)
		close(STEAL_FD(prof->timer_fd));
	if (prof->timer_fd >= 0)
		arm(prof, IDLE_LEAST_NS);
}

static bool open_all(struct profile *prof, pid_t pid, char *why, size_t size)
{
	_cleanup_strbuf_ struct strbuf format = STRBUF_INIT;
	struct probe_points points = {.rss = tracefs_event("kmem/rss_stat", &format)};
	int r;

	if (points.rss < 0) {
		if (points.rss == -ENOENT)
			snprintf(why, size,
				 "kmem:rss_stat: tracefs is not mounted, or does not have it");
		else
			refusal_words(why, size, "the tracepoint kmem:rss_stat", (int)-points.rss,
				      "root");
		return false;
	}
	if (!perf_sample_layout(format.buf, &prof->layout)) {
		snprintf(why, size, "the fields of kmem:rss_stat are not those that oomlab knows");
		return false;
	}
	find_reserve_points(prof, &points);
	points.invoke = point(prof, "oom/mark_victim", perf_sample_layout_invoke);
	prof->has_usual_huge = profile_watch_has_usual_huge();
	r = probes_open(&prof->probes, pid, &points);
	if (r) {
		refusal_words(why, size, "perf_event_open", -r, "CAP_PERFMON");
		return false;
	}
	profile_watch_faults_from_exec(prof, pid);
	open_timer(prof);
	return true;
}

/*
 * A container's root and mount namespace are held open, so that its files are found after its end.
 */
static struct profile *profile_new(pid_t pid, bool has_other_root)
{
	_cleanup_free_ char *mounts = text_format("/proc/%d/ns/mnt", (int)pid);
	struct profile *prof = xcalloc(1, sizeof(*prof));

	prof->mounts = has_other_root ? open(mounts, O_RDONLY | O_CLOEXEC) : -1;
	prof->record = xcalloc(1, PROBES_RECORD_MAX);
	prof->unwind = unwind_new(has_other_root ? modules_root_of(pid) : MODULES_ROOT_OWN);
	unwind_begin(prof->unwind);
	prof->probes.epoll_fd = prof->timer_fd = -1;
	prof->seen.headroom = prof->least_headroom = INT64_MAX;
	prof->estimator.mixed_part = PROFILE_MIXED_PART_FIRST;
	return prof;
}

struct profile *profile_open_faults(pid_t pid, bool has_other_root, char *why, size_t size)
{
	const struct probe_points none = {0};
	struct profile *prof = profile_new(pid, has_other_root);
	int r = probes_open(&prof->probes, pid, &none);

	prof->is_faults_only = true;
	prof->layout.period = PROBES_FAULTS_PERIOD;
	if (!r) {
		snprintf(why, size, "page faults alone");
		return prof;
	}
	refusal_words(why, size, "perf_event_open", -r, "kernel.perf_event_paranoid of 2 or less");
	profile_free(prof);
	return NULL;
}

struct profile *profile_open(pid_t pid, bool has_other_root, char *why, size_t size)
{
	struct profile *prof = profile_new(pid, has_other_root);
	char why_not[160] = "", *end = why;

	if (open_all(prof, pid, why_not, sizeof(why_not))) {
		*why = '\0';
		return prof;
	}
	profile_free(prof);
	prof = profile_open_faults(pid, has_other_root, why, size);
	end += strlen(why);
	snprintf(end, size - (size_t)(end - why), "; %s", why_not);
	return prof;
}

int profile_fd(const struct profile *prof)
{
	return prof->probes.epoll_fd;
}

static int64_t take_huge(struct profile *prof, const struct perf_event *event, int64_t bytes,
			 uint64_t pages)
{
	bool can_be = event->counter == RSS_ANON ||
		      (event->counter == RSS_SHMEM && bytes >= HUGE_LEAST_BYTES);

	return can_be ? huge_page_tracker_take(&prof->huge, event, bytes, pages, &prof->credits)
		      : 0;
}

/* Credits bytes that a counter grew by; pages: how many events can have done that, at most. */
static void gain(struct profile *prof, const struct perf_event *event, int64_t bytes,
		 uint64_t pages, uint64_t last_ns)
{
	int64_t rest = bytes - take_huge(prof, event, bytes, pages);

	if (event->counter == RSS_ANON && huge_page_tracker_is_suspect(rest, pages))
		profile_watch_suspect(prof, event, rest, last_ns);
	else if (rest > 0 && event->counter == RSS_FILE)
		thread_share_add(&prof->threads, event, rest, profile_gaps_file_row(prof, event),
				 &prof->credits);
	else if (rest > 0)
		thread_share_add(&prof->threads, event, rest, profile_row_gaining(prof, event),
				 &prof->credits);
	else
		profile_row_gaining(prof, event);
}

static void on_rss(struct profile *prof, const struct perf_event *event)
{
	uint64_t last_ns = rss_ledger_last_ns(&prof->ledger, event);
	uint64_t pages = rss_ledger_pages(&prof->ledger, event);
	int64_t bytes = rss_ledger_gain(&prof->ledger, event);

	address_space_note_sp(&prof->spaces, event);
	prof->seen.pages = prof->ledger.pages;
	prof->seen.bytes += bytes > 0 ? bytes : 0;
	prof->lost_bytes += bytes < 0 ? -bytes : 0;
	if (!bytes && !event->is_current)
		return;
	if (last_ns < prof->on_ns) {
		profile_gaps_after(prof, event, bytes - take_huge(prof, event, bytes, UINT64_MAX),
				   last_ns);
	} else if (bytes > 0) {
		gain(prof, event, bytes, pages, last_ns);
	} else if (bytes < 0) {
		take_huge(prof, event, 0, pages);
		thread_share_flush(&prof->threads, &prof->credits);
		profile_gaps_lose(prof, event, -bytes);
	}
}

static void on_reserve(struct profile *prof, const struct perf_event *event)
{
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
	size_t depth = profile_row_stack(prof, event, frames);

	address_space_reserve(&prof->spaces, event, frames, depth);
	profile_watch_large(prof, event);
}

static void on_request(struct profile *prof, const struct perf_event *event)
{
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
	size_t depth = profile_row_stack(prof, event, frames);

	address_space_request(&prof->spaces, event, frames, depth);
	profile_watch_large(prof, event);
}

static void on_invoke(struct profile *prof, const struct perf_event *event)
{
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
	size_t depth = profile_row_stack(prof, event, frames);

	invokers_add(&prof->invokers, event, frames, depth);
}

static void on_map(struct profile *prof, const struct perf_event *event)
{
	if (event->is_code)
		unwind_map(prof->unwind, event->pid, event->start, event->len, event->pgoff,
			   event->path);
	address_space_map(&prof->spaces, event);
	profile_watch_heap(prof, event->pid);
}

static void on_fault(struct profile *prof, const struct perf_event *event)
{
	struct fault_location where;
	struct profile_row *row;

	address_space_note_sp(&prof->spaces, event);
	where = fault_locator_fault(&prof->locator, &prof->spaces, event);
	row = profile_row_of(prof, event, where);
	row->faults += (int64_t)event->period;
	if (!prof->is_faults_only && !sampling_duty_is_on(&prof->duty))
		profile_gaps_at_work(prof, event, row, (double)event->period);
	if (!prof->is_faults_only)
		return;
	prof->last_fault = row;
	if (fault_blocks_can_be_huge(&prof->spaces, event->pid, event->address))
		fault_blocks_add(&prof->blocks, event, row);
	profile_row_note_touched(prof, where.mapping, event->t_ns);
}

static void on_fork(struct profile *prof, const struct perf_event *event)
{
	bool may_be_unseen = prof->duty.state != DUTY_ALWAYS;

	if (may_be_unseen)
		profile_gaps_read_parent(prof, event->parent);
	unwind_fork(prof->unwind, event->pid, event->parent);
	rss_ledger_fork(&prof->ledger, event, may_be_unseen);
	profile_gaps_read_child(prof, event->pid, event->parent);
	address_space_fork(&prof->spaces, event);
}

static void on_event(struct profile *prof, const struct perf_event *event)
{
	switch (event->kind) {
	case EVENT_RSS:
		on_rss(prof, event);
		break;
	case EVENT_FAULT:
		on_fault(prof, event);
		break;
	case EVENT_TICK:
		profile_gaps_tick(prof, event);
		break;
	case EVENT_RESERVE:
		on_reserve(prof, event);
		break;
	case EVENT_REQUEST:
		on_request(prof, event);
		break;
	case EVENT_UNMAP:
		address_returns_unmap(&prof->spaces, event);
		break;
	case EVENT_REMAP:
		address_returns_remap(&prof->spaces, event);
		break;
	case EVENT_INVOKE:
		on_invoke(prof, event);
		break;
	case EVENT_GROW:
		profile_watch_on_grow(prof, event);
		break;
	case EVENT_HUGE:
		profile_watch_on_huge(prof, event);
		break;
	case EVENT_MAP:
		on_map(prof, event);
		break;
	case EVENT_FORK:
		on_fork(prof, event);
		break;
	case EVENT_EXEC:
		unwind_exec(prof->unwind, event->pid, event->path);
		rss_ledger_exec(&prof->ledger, event);
		address_space_clear(&prof->spaces, event->pid);
		break;
	case EVENT_EXIT:
		unwind_exit(prof->unwind, event->pid);
		rss_ledger_exit(&prof->ledger, event->pid, event->t_ns);
		break;
	case EVENT_LOST:
		prof->lost += event->lost;
		/* Most likely they were of the row of the last sample that was not lost. */
		if (prof->is_faults_only && prof->last_fault)
			prof->last_fault->faults += event->lost * PROBES_FAULTS_PERIOD;
		break;
	case EVENT_OTHER:
		break;
	}
}

/* While nothing comes the rings are read ever more rarely. */
static void note_idle(struct profile *prof, bool is_idle)
{
	prof->idle_ns = is_idle ? prof->idle_ns * 2 : IDLE_LEAST_NS;
	prof->idle_ns = prof->idle_ns < IDLE_MOST_NS ? prof->idle_ns : IDLE_MOST_NS;
}

static void read_rings(struct profile *prof)
{
	const void *record;
	bool is_idle = true;
	size_t len;

	probes_begin(&prof->probes);
	while ((len = probes_next(&prof->probes, prof->record, &record))) {
		struct perf_event event;

		if (perf_sample_decode(&prof->layout, record, len, &event))
			on_event(prof, &event);
		else
			prof->damaged++;
		credits_apply(&prof->credits);
		is_idle = false;
	}
	note_idle(prof, is_idle);
}

/* 0 means never. */
static uint64_t sooner(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns && (!b_ns || a_ns < b_ns) ? a_ns : b_ns;
}

/* Switches the tracepoint and the ticks by what is known now. */
static void step(struct profile *prof)
{
	bool was_on = sampling_duty_is_on(&prof->duty), is_on;
	const struct sampling_duty_seen last = prof->duty.last;

	prof->seen.t_ns = (uint64_t)io_now_ns();
	if (was_on)
		profile_watch_step_huge(prof, prof->seen.pages - last.pages,
					prof->seen.t_ns - last.t_ns);
	else if (sampling_duty_is_due(&prof->duty, prof->seen.t_ns))
		profile_gaps_read(prof);
	credits_apply(&prof->credits);
	prof->seen.is_delicate = prof->ledger.copies > 0 || prof->lost_bytes > prof->seen.bytes / 4;
	sampling_duty_step(&prof->duty, &prof->seen);
	prof->fastest_rate = prof->duty.rate > prof->fastest_rate ? prof->duty.rate
								  : prof->fastest_rate;
	is_on = sampling_duty_is_on(&prof->duty);
	if (is_on && !was_on)
		prof->on_ns = (uint64_t)io_now_ns(); /* later than the times of what was read */
	if (is_on != was_on)
		probes_switch(&prof->probes, is_on);
	profile_gaps_watch(prof);
	arm(prof, sooner(sooner(sampling_duty_wait_ns(&prof->duty),
				huge_page_tracker_wait_ns(&prof->huge)),
			 prof->duty.state == DUTY_GAP ? GAP_WAKE_NS : prof->idle_ns));
}

void profile_drain(struct profile *prof)
{
	uint64_t ticks;

	if (prof->timer_fd >= 0 && read(prof->timer_fd, &ticks, sizeof(ticks)) < 0)
		ticks = 0;
	read_rings(prof);
	if (prof->timer_fd >= 0)
		step(prof);
}

void profile_set_headroom(struct profile *prof, int64_t bytes)
{
	prof->seen.headroom = bytes;
	prof->least_headroom = bytes < prof->least_headroom ? bytes : prof->least_headroom;
}

void profile_set_peak(struct profile *prof, pid_t pid, int64_t bytes, bool is_killed)
{
	rss_ledger_peak(&prof->ledger, pid, bytes, is_killed);
}

void profile_write(struct profile *prof, struct record_writer *w)
{
	thread_share_flush(&prof->threads, &prof->credits);
	credits_apply(&prof->credits);
	profile_watch_end_huge(prof);
	credits_apply(&prof->credits);
	profile_gaps_end(prof);
	credits_apply(&prof->credits);
	profile_write_modules(prof->unwind, w);
	profile_write_trouble(prof->unwind, w);
	profile_write_processes(&prof->ledger, w);
	profile_write_maps(&prof->ledger, prof->unwind, w);
	address_space_drop_refused(&prof->spaces);
	profile_write_mappings(&prof->spaces, prof->layout.reserve_id, w);
	profile_table_spread(&prof->table);
	profile_write_rows(&prof->table, w);
	profile_write_invokers(&prof->invokers, w);
	if (prof->lost)
		record_put_lost(w, LOSS_SAMPLES, prof->lost);
	if (prof->damaged)
		record_put_lost(w, LOSS_SAMPLES_BAD, prof->damaged);
}

struct unwind *profile_unwind(struct profile *prof)
{
	return prof->unwind;
}

struct modules profile_take_modules(struct profile *prof)
{
	return unwind_take_modules(prof->unwind);
}

void profile_free(struct profile *prof)
{
	if (!prof)
		return;
	probes_release(&prof->probes);
	if (prof->timer_fd >= 0)
		close(prof->timer_fd);
	if (prof->mounts >= 0)
		close(prof->mounts);
	rss_ledger_release(&prof->ledger);
	credits_release(&prof->credits);
	profile_table_release(&prof->table);
	address_space_release(&prof->spaces);
	invokers_release(&prof->invokers);
	fault_blocks_release(&prof->blocks);
	unwind_free(prof->unwind);
	free(prof->record);
	free(prof);
}
