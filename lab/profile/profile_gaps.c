/* What came while kmem:rss_stat was off (sampling_duty.h), or after a process' last sample. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "profile/profile_state.h"
#include "symbols/registers.h"

enum {
	STATUS_MOST = 65536,  /* of a file in /proc */
	LATE_BYTES = 1 << 20, /* by which the sizes in /proc may lag, or go unexplained */
	PROCESSES_MOST = 32,  /* that are read at the end of a gap */
};

/* False for a row that just brings in code, as what runs at an exit does. */
static bool is_mostly_memory(const struct profile_row *row)
{
	return row->gained[RSS_FILE] <= row->gained[RSS_ANON] + row->gained[RSS_SHMEM];
}

/*
 * Where the process gained last; is_any: also rows that gained mostly pages of files. NULL:
 * nowhere.
 */
static struct profile_row *last_row_of(const struct profile *prof, pid_t pid, bool is_any)
{
	const struct last_row *latest = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(prof->last_rows); i++) {
		const struct last_row *last = &prof->last_rows[i];

		if (last->row && last->row->key.pid == pid &&
		    (is_any || is_mostly_memory(last->row)) &&
		    (!latest || last->t_ns > latest->t_ns))
			latest = last;
	}
	return latest ? latest->row : NULL;
}

static enum rss_counter counter_at(const struct profile *prof, struct fault_location where)
{
	const struct space_mapping *m = space_mappings_at(&prof->spaces.mappings, where.mapping);

	if (!m || where.is_on_stack)
		return RSS_ANON;
	if (m->what == MAPPING_SHARED || m->what == MAPPING_LABS)
		return RSS_SHMEM;
	return m->what == MAPPING_FILE ? RSS_FILE : RSS_ANON;
}

/* Whether the event touches anonymous memory: its file pages changed by reclaim, if at all. */
static bool makes_room(const struct profile *prof, const struct perf_event *event)
{
	struct fault_location where = fault_locator_rss(&prof->locator, &prof->spaces, event);
	const struct space_mapping *m = space_mappings_at(&prof->spaces.mappings, where.mapping);

	return m && counter_at(prof, where) == RSS_ANON && !where.is_on_stack;
}

struct profile_row *profile_gaps_file_row(struct profile *prof, const struct perf_event *event)
{
	if (prof->last_file && prof->last_file->key.pid == event->pid && makes_room(prof, event))
		return prof->last_file;
	prof->last_file = profile_row_gaining(prof, event);
	return prof->last_file;
}

void profile_gaps_lose(struct profile *prof, const struct perf_event *event, int64_t bytes)
{
	/* Swap that shrinks outside a system call is read back in by the touch of a page. */
	if (event->counter == RSS_SWAP && event->regs && !registers_in_syscall(event->regs))
		profile_row_gaining(prof, event)->lost[RSS_SWAP] += bytes;
	else
		profile_row_of(prof, event, (struct fault_location){0})->lost[event->counter] +=
			bytes;
}

void profile_gaps_after(struct profile *prof, const struct perf_event *event, int64_t bytes,
			uint64_t last_ns)
{
	struct profile_row *before = last_row_of(prof, event->pid, true), *row;
	int64_t lost;
	struct gap gap = {
		.pid = event->pid,
		.counter = event->counter,
		.bytes = bytes,
		.most = prof->last_tick_ns > last_ns
				? (int64_t)sampling_duty_bytes(
					  &prof->duty, (double)(prof->last_tick_ns - last_ns))
				: 0,
	};

	thread_share_break(&prof->threads, &prof->credits);
	if (bytes > 0) {
		row = profile_row_gaining(prof, event);
		gap.own = gap.rest = row;
		/* Bytes without page faults are populated, by this row or by the last that did. */
		if (prof->estimator.is_by_faults)
			before = prof->populated;
		if (!row->key.is_syscall && before && before->key.pid == event->pid &&
		    before->key.is_syscall)
			gap.rest = before;
	}
	lost = gap_estimator_share(&prof->estimator, &gap, &prof->credits);
	if (lost <= 0)
		return;
	profile_gaps_lose(prof, event, lost);
	rss_ledger_was_higher(&prof->ledger, event->pid, lost + bytes);
}

void profile_gaps_at_work(struct profile *prof, const struct perf_event *event,
			  struct profile_row *row, double weight)
{
	enum rss_counter counter = counter_at(prof, row->key.where);

	gap_estimator_add(&prof->estimator, event->pid, counter, row, weight,
			  event->kind == EVENT_TICK && row->key.is_syscall);
	prof->last_tick_ns = event->t_ns;
	profile_row_note_touched(prof, row->key.where.mapping, event->t_ns);
}

void profile_gaps_tick(struct profile *prof, const struct perf_event *event)
{
	if (!event->regs || sampling_duty_is_on(&prof->duty))
		return;
	if (prof->estimator.bytes <= 0)
		prof->estimator.bytes = sampling_duty_bytes(&prof->duty, PROBES_TICK_NS);
	profile_gaps_at_work(
		prof, event,
		profile_row_of(prof, event,
			       fault_locator_tick(&prof->locator, &prof->spaces, event)),
		1);
}

void profile_gaps_watch(struct profile *prof)
{
	bool has_gaps = prof->duty.state != DUTY_ALWAYS;
	bool is_mixed = prof->estimator.mixed_part > PROFILE_MIXED_PART_MOST;

	if (has_gaps && prof->estimator.is_by_faults != is_mixed) {
		prof->estimator.is_by_faults = is_mixed;
		prof->estimator.bytes = is_mixed ? DUTY_PAGE : 0;
	}
	probes_tick(&prof->probes, has_gaps && !is_mixed);
	profile_watch_faults(prof, sampling_duty_is_on(&prof->duty) || is_mixed);
}

/* "RssAnon:	    1234 kB" of proc_pid_status(5); bytes, or -1. */
static int64_t status_bytes(const char *status, const char *key)
{
	const char *at = strstr(status, key);

	return at ? strtoll(at + strlen(key), NULL, 10) * 1024 : -1;
}

static bool read_sizes(pid_t pid, int64_t size[RSS_COUNT])
{
	_cleanup_free_ char *path = text_format("/proc/%d/status", (int)pid);
	_cleanup_strbuf_ struct strbuf status = STRBUF_INIT;

	if (io_read_at(AT_FDCWD, path, STATUS_MOST, &status))
		return false;
	size[RSS_FILE] = status_bytes(status.buf, "\nRssFile:");
	size[RSS_ANON] = status_bytes(status.buf, "\nRssAnon:");
	size[RSS_SHMEM] = status_bytes(status.buf, "\nRssShmem:");
	return size[RSS_ANON] >= 0;
}

/*
 * The next look finds what is not explained. Where page faults are the ticks it was populated, and
 * the ticks stay page faults, because a clock would not tell how much of it is.
 */
static void note_unexplained(struct profile *prof, int64_t bytes)
{
	if (bytes <= LATE_BYTES + prof->seen.bytes / DUTY_PART_OF_ALL / 2)
		return;
	prof->seen.is_unclear = true;
	if (prof->estimator.is_by_faults)
		prof->estimator.mixed_part = PROFILE_MIXED_PART_FIRST;
}

/* Older kernels update the sizes in /proc a little late, so they may be lower than a sample's. */
static void read_counter(struct profile *prof, struct rss_process *p, const struct perf_event *now)
{
	int64_t bytes = now->size - p->size[now->counter], huge, small;

	if (bytes < -LATE_BYTES) {
		prof->seen.is_unclear = true; /* the ticks are kept for profile_gaps_after() */
		return;
	}
	if (bytes <= 0) {
		gap_estimator_end(&prof->estimator, now->pid, now->counter, 0, &prof->credits);
		return;
	}
	huge = huge_page_tracker_take(&prof->huge, now, bytes, UINT64_MAX, &prof->credits);
	small = gap_estimator_explain(&prof->estimator, now->pid, now->counter, bytes - huge,
				      &prof->credits);
	/* A clock's tick has no page size, so it cannot share between huge and small pages. */
	if (huge > 0 && bytes > huge)
		prof->estimator.mixed_part = PROFILE_MIXED_PART_FIRST;
	prof->seen.small += small;
	prof->seen.bytes += huge + small;
	note_unexplained(prof, bytes - huge - small);
	rss_ledger_set_size(&prof->ledger, p, now, p->size[now->counter] + huge + small);
}

static void read_process(struct profile *prof, pid_t pid)
{
	struct rss_process *p = rss_ledger_process(&prof->ledger, pid);
	struct perf_event now = {.kind = EVENT_RSS, .pid = pid, .tid = -1};
	int64_t size[RSS_COUNT] = {0};

	if (!p || p->end_ns || !read_sizes(pid, size))
		return;
	now.t_ns = (uint64_t)io_now_ns();
	for (int c = 0; c < RSS_COUNT; c++) {
		now.counter = (enum rss_counter)c;
		now.size = size[c];
		if (p->is_seen[c] && size[c] >= 0)
			read_counter(prof, p, &now);
	}
}

static bool is_among(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

void profile_gaps_read(struct profile *prof)
{
	pid_t pids[PROCESSES_MOST];
	size_t count = 0;

	prof->seen.is_unclear = false;
	for (size_t i = 0; i < prof->estimator.count && count < PROCESSES_MOST; i++)
		if (!is_among(pids, count, prof->estimator.items[i].pid))
			pids[count++] = prof->estimator.items[i].pid;
	for (size_t i = 0; i < count; i++)
		read_process(prof, pids[i]);
	prof->seen.is_unclear |= count == PROCESSES_MOST;
}

/* After a fork it may only wait. What no tick explains is credited to where it gained last. */
void profile_gaps_read_parent(struct profile *prof, pid_t pid)
{
	struct rss_process *p = rss_ledger_process(&prof->ledger, pid);
	struct profile_row *row = last_row_of(prof, pid, false);
	struct perf_event now = {.pid = pid, .counter = RSS_ANON};
	int64_t size[RSS_COUNT] = {0};

	profile_gaps_read(prof);
	if (!p || !row || !p->is_seen[RSS_ANON] || !read_sizes(pid, size) ||
	    size[RSS_ANON] <= p->size[RSS_ANON])
		return;
	credits_add(&prof->credits, row, RSS_ANON, size[RSS_ANON] - p->size[RSS_ANON]);
	now.t_ns = (uint64_t)io_now_ns();
	rss_ledger_set_size(&prof->ledger, p, &now, size[RSS_ANON]);
}

/* Both can have grown since the fork, so the child inherited the smaller size of the two. */
void profile_gaps_read_child(struct profile *prof, pid_t pid, pid_t parent_pid)
{
	struct rss_process *p = rss_ledger_process(&prof->ledger, pid);
	const struct rss_process *parent = rss_ledger_process(&prof->ledger, parent_pid);
	int64_t size[RSS_COUNT] = {0};

	if (!p || !parent || !p->is_forked_unseen || !read_sizes(pid, size))
		return;
	p->is_forked_unseen = false;
	for (int c = 0; c < RSS_COUNT; c++)
		if (!parent->is_seen[c] || parent->size[c] > size[c])
			p->inherited[c] = size[c] > 0 ? size[c] : 0;
}

static double all_ticks_of(struct profile *prof, pid_t pid)
{
	double sum = 0;

	for (int c = 0; c < RSS_COUNT; c++)
		sum += gap_estimator_sum(&prof->estimator, pid, (enum rss_counter)c);
	return sum;
}

/* Whether bytes that are missing of its highest size may well be pages of files. */
static bool has_much_of_files(const struct rss_process *p)
{
	return p && p->size[RSS_FILE] > (p->size[RSS_ANON] + p->size[RSS_SHMEM]) / 4;
}

/*
 * Bytes that a process gained after its last sample, for a weight of 1. They are what is missing of
 * its highest size, as far as that is known and can have come in the time; else as many as lately.
 * Where they may be pages of files, which come many at a time, not more than lately.
 */
static double last_bytes_of_weight(struct profile *prof, pid_t pid)
{
	uint64_t unheard_ns;
	double missing = (double)rss_ledger_missing(&prof->ledger, pid, &unheard_ns);
	double most = (double)unheard_ns * prof->fastest_rate * 2, sum = all_ticks_of(prof, pid);

	if (sum <= 0)
		return 0;
	if (missing < 0 || (has_much_of_files(rss_ledger_process(&prof->ledger, pid)) &&
			    prof->estimator.bytes * sum < missing))
		missing = prof->estimator.bytes * sum;
	missing = missing < most ? missing : most;
	return (missing < (double)prof->least_headroom ? missing : (double)prof->least_headroom) /
	       sum;
}

static void end_ticks(struct profile *prof, pid_t pid)
{
	double part = last_bytes_of_weight(prof, pid);

	for (int c = 0; c < RSS_COUNT; c++)
		rss_ledger_add_unseen(&prof->ledger, pid, (enum rss_counter)c,
				      gap_estimator_end(&prof->estimator, pid, (enum rss_counter)c,
							part, &prof->credits));
}

/*
 * Bytes missing of a process with few file pages are memory, so its file ticks get nothing. Where
 * it had no tick, where it gained last counts as one. Nothing is assumed where file pages are many.
 */
static void end_gap(struct profile *prof, const struct rss_process *p)
{
	struct profile_row *row = last_row_of(prof, p->pid, false);
	uint64_t unheard_ns;

	if (has_much_of_files(p))
		return;
	gap_estimator_end(&prof->estimator, p->pid, RSS_FILE, 0, &prof->credits);
	if (row && all_ticks_of(prof, p->pid) <= 0 &&
	    rss_ledger_missing(&prof->ledger, p->pid, &unheard_ns) > 0)
		gap_estimator_add(&prof->estimator, p->pid, RSS_ANON, row, 1, false);
}

void profile_gaps_end(struct profile *prof)
{
	for (size_t i = 0; prof->on_ns && i < prof->ledger.count; i++)
		end_gap(prof, &prof->ledger.processes[i]);
	while (prof->estimator.count)
		end_ticks(prof, prof->estimator.items[0].pid);
}
