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
	STATUS_MOST = 65536, /* of a file in /proc */
	READ_LATE = 1 << 20,
	READ_PROCESSES = 32,
};

/* What runs at an exit brings pages of its file alone. */
static bool is_of_memory(const struct profile_row *row)
{
	return row->gained[RSS_FILE] <= row->gained[RSS_ANON] + row->gained[RSS_SHMEM];
}

/* Where the process gained last, whatever it was or not a file's pages. */
static struct profile_row *last_row_of(const struct profile *prof, pid_t pid, bool is_any)
{
	const struct last_row *latest = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(prof->last_rows); i++) {
		const struct last_row *last = &prof->last_rows[i];

		if (last->row && last->row->key.pid == pid && (is_any || is_of_memory(last->row)) &&
		    (!latest || last->t_ns > latest->t_ns))
			latest = last;
	}
	return latest ? latest->row : NULL;
}

static enum rss_counter member_at(const struct profile *prof, struct fault_location where)
{
	const struct space_mapping *m = address_space_mapping(&prof->spaces, where.mapping);

	if (!m || where.is_on_stack)
		return RSS_ANON;
	if (m->what == MAPPING_SHARED || m->what == MAPPING_LABS)
		return RSS_SHMEM;
	return m->what == MAPPING_FILE ? RSS_FILE : RSS_ANON;
}

/* Who touches memory of no file takes pages of files away at most: to make room. */
static bool makes_room(const struct profile *prof, const struct perf_event *event)
{
	struct fault_location where = fault_locator_rss(&prof->locator, &prof->spaces, event);
	const struct space_mapping *m = address_space_mapping(&prof->spaces, where.mapping);

	return m && member_at(prof, where) == RSS_ANON && !where.is_on_stack;
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
	/* What is not given back with its memory is read from swap, where it is touched. */
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
		.most = prof->tick_ns > last_ns
				? (int64_t)sampling_duty_bytes(&prof->duty,
							       (double)(prof->tick_ns - last_ns))
				: 0,
	};

	thread_share_break(&prof->threads, &prof->credits);
	if (bytes > 0) {
		row = profile_row_gaining(prof, event);
		gap.own = gap.rest = row;
		/* What has no page faults is populated: by it, or by what went on before. */
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
	enum rss_counter counter = member_at(prof, row->key.where);

	gap_estimator_add(&prof->estimator, event->pid, counter, row, weight,
			  event->kind == EVENT_TICK && row->key.is_syscall);
	prof->tick_ns = event->t_ns;
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
	bool is_mixed = prof->estimator.is_mixed > PROFILE_MIXED_MOST;

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
 * What is not explained is left to the next look. By page faults it is no page fault's: it is
 * populated, and a clock would not tell how much of it is.
 */
static void leave(struct profile *prof, int64_t bytes)
{
	if (bytes <= READ_LATE + prof->seen.bytes / DUTY_PART_OF_ALL / 2)
		return;
	prof->seen.is_unclear = true;
	if (prof->estimator.is_by_faults)
		prof->estimator.is_mixed = PROFILE_MIXED_AT_FIRST;
}

/* Older kernels tell it a little late. */
static void read_member(struct profile *prof, struct rss_process *p, const struct perf_event *now)
{
	int64_t bytes = now->size - p->size[now->counter], huge, small;

	if (bytes < -READ_LATE) {
		prof->seen.is_unclear = true; /* the ticks tell what came before it went */
		return;
	}
	if (bytes <= 0) {
		gap_estimator_end(&prof->estimator, now->pid, now->counter, 0, &prof->credits);
		return;
	}
	huge = huge_page_tracker_take(&prof->huge, now, bytes, UINT64_MAX, &prof->credits);
	small = gap_estimator_explain(&prof->estimator, now->pid, now->counter, bytes - huge,
				      &prof->credits);
	/* A tick does not tell of which size the page is that is being cleared; a fault does. */
	if (huge > 0 && bytes > huge)
		prof->estimator.is_mixed = PROFILE_MIXED_AT_FIRST;
	prof->seen.small += small;
	prof->seen.bytes += huge + small;
	leave(prof, bytes - huge - small);
	rss_ledger_read(&prof->ledger, p, now, p->size[now->counter] + huge + small);
}

static void read_process(struct profile *prof, pid_t pid)
{
	struct rss_process *p = rss_ledger_process(&prof->ledger, pid);
	struct perf_event now = {.kind = EVENT_RSS, .pid = pid, .tid = -1};
	int64_t size[RSS_COUNT] = {0};

	if (!p || p->end_ns || !read_sizes(pid, size))
		return;
	now.t_ns = (uint64_t)io_now_ns();
	for (int m = 0; m < RSS_COUNT; m++) {
		now.counter = (enum rss_counter)m;
		now.size = size[m];
		if (p->is_seen[m] && size[m] >= 0)
			read_member(prof, p, &now);
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
	pid_t pids[READ_PROCESSES];
	size_t count = 0;

	prof->seen.is_unclear = false;
	for (size_t i = 0; i < prof->estimator.count && count < READ_PROCESSES; i++)
		if (!is_among(pids, count, prof->estimator.items[i].pid))
			pids[count++] = prof->estimator.items[i].pid;
	for (size_t i = 0; i < count; i++)
		read_process(prof, pids[i]);
	prof->seen.is_unclear |= count == READ_PROCESSES;
}

/* It may do no more than wait from now on. What no tick explains is of where it was seen last. */
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
	rss_ledger_read(&prof->ledger, p, &now, size[RSS_ANON]);
}

/* Both are read after the fork, and can have grown since: it had the smaller size of the two. */
void profile_gaps_read_child(struct profile *prof, pid_t pid, pid_t parent_pid)
{
	struct rss_process *p = rss_ledger_process(&prof->ledger, pid);
	const struct rss_process *parent = rss_ledger_process(&prof->ledger, parent_pid);
	int64_t size[RSS_COUNT] = {0};

	if (!p || !parent || !p->is_blind || !read_sizes(pid, size))
		return;
	p->is_blind = false;
	for (int m = 0; m < RSS_COUNT; m++)
		if (!parent->is_seen[m] || parent->size[m] > size[m])
			p->inherited[m] = size[m] > 0 ? size[m] : 0;
}

static double all_ticks_of(struct profile *prof, pid_t pid)
{
	double sum = 0;

	for (int m = 0; m < RSS_COUNT; m++)
		sum += gap_estimator_sum(&prof->estimator, pid, (enum rss_counter)m);
	return sum;
}

/* Whether what it is missing can as well be pages of a file. */
static bool has_much_of_files(const struct rss_process *p)
{
	return p && p->size[RSS_FILE] > (p->size[RSS_ANON] + p->size[RSS_SHMEM]) / 4;
}

/*
 * What a process gained since the last look, for a weight of 1: as much as lately, or what is
 * missing of its highest size, where that is known and can have come since. Where that can be of
 * files, whose pages come many at a time, no more than lately.
 */
static double last_part(struct profile *prof, pid_t pid)
{
	uint64_t unheard_ns;
	double missing = (double)rss_ledger_missing(&prof->ledger, pid, &unheard_ns);
	double most = (double)unheard_ns * prof->fastest * 2, sum = all_ticks_of(prof, pid);

	if (sum <= 0)
		return 0;
	if (missing < 0 || (has_much_of_files(rss_ledger_process(&prof->ledger, pid)) &&
			    prof->estimator.bytes * sum < missing))
		missing = prof->estimator.bytes * sum;
	missing = missing < most ? missing : most;
	return (missing < (double)prof->least_room ? missing : (double)prof->least_room) / sum;
}

static void end_ticks(struct profile *prof, pid_t pid)
{
	double part = last_part(prof, pid);

	for (int m = 0; m < RSS_COUNT; m++)
		rss_ledger_grow(&prof->ledger, pid, (enum rss_counter)m,
				gap_estimator_end(&prof->estimator, pid, (enum rss_counter)m, part,
						  &prof->credits));
}

/*
 * What one is missing whose memory is its own is no file's. One that had no tick is as good as seen
 * at where it gained last, but where files come and go nobody knows what it is.
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
