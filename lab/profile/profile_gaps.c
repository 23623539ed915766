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
	TICKS_A_GAP = 2,
};

/* What runs at an exit brings pages of its file alone. */
static bool is_of_memory(const struct touch_row *row)
{
	return row->gained[RSS_FILE] <= row->gained[RSS_ANON] + row->gained[RSS_SHMEM];
}

/* Where the process gained last, whatever it was or not a file's pages. */
static struct touch_row *last_row_of(const struct touch *t, pid_t pid, bool is_any)
{
	const struct last_row *latest = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(t->last_rows); i++) {
		const struct last_row *last = &t->last_rows[i];

		if (last->row && last->row->key.pid == pid && (is_any || is_of_memory(last->row)) &&
		    (!latest || last->t_ns > latest->t_ns))
			latest = last;
	}
	return latest ? latest->row : NULL;
}

static enum rss_counter member_at(const struct touch *t, struct touch_where where)
{
	const struct touch_mapping *m = touch_spaces_mapping(&t->spaces, where.mapping);

	if (!m || where.is_on_stack)
		return RSS_ANON;
	if (m->what == MAPPING_SHARED || m->what == MAPPING_LABS)
		return RSS_SHMEM;
	return m->what == MAPPING_FILE ? RSS_FILE : RSS_ANON;
}

/* Who touches memory of no file takes pages of files away at most: to make room. */
static bool makes_room(const struct touch *t, const struct touch_event *event)
{
	struct touch_where where = touch_where_rss(&t->faults, &t->spaces, event);
	const struct touch_mapping *m = touch_spaces_mapping(&t->spaces, where.mapping);

	return m && member_at(t, where) == RSS_ANON && !where.is_on_stack;
}

struct touch_row *touch_file_row(struct touch *t, const struct touch_event *event)
{
	if (t->last_file && t->last_file->key.pid == event->pid && makes_room(t, event))
		return t->last_file;
	t->last_file = touch_gaining_row(t, event);
	return t->last_file;
}

void touch_lose(struct touch *t, const struct touch_event *event, int64_t bytes)
{
	/* What is not given back with its memory is read from swap, where it is touched. */
	if (event->counter == RSS_SWAP && event->regs && !registers_in_syscall(event->regs))
		touch_gaining_row(t, event)->lost[RSS_SWAP] += bytes;
	else
		touch_row_of(t, event, (struct touch_where){0})->lost[event->counter] += bytes;
}

void touch_after_gap(struct touch *t, const struct touch_event *event, int64_t bytes,
		     uint64_t last_ns)
{
	struct touch_row *before = last_row_of(t, event->pid, true), *row;
	int64_t unused = 0, lost;
	struct touch_gap gap = {
		.pid = event->pid,
		.counter = event->counter,
		.bytes = bytes,
		.most = t->tick_ns > last_ns ? (int64_t)touch_duty_bytes(
						       &t->duty, (double)(t->tick_ns - last_ns))
					     : 0,
		.own = &unused,
		.rest = &unused,
	};

	touch_share_break(&t->share);
	if (bytes > 0) {
		row = touch_gaining_row(t, event);
		gap.own = gap.rest = &row->gained[event->counter];
		/* What has no page faults is populated: by it, or by what went on before. */
		if (t->ticks.is_by_faults)
			before = t->populated;
		if (!row->key.is_syscall && before && before->key.pid == event->pid &&
		    before->key.is_syscall)
			gap.rest = &before->gained[event->counter];
	}
	lost = touch_ticks_share(&t->ticks, &gap);
	if (lost <= 0)
		return;
	touch_lose(t, event, lost);
	touch_scale_was_higher(&t->scale, event->pid, lost + bytes);
}

void touch_at_work(struct touch *t, const struct touch_event *event, struct touch_row *row,
		   double weight)
{
	enum rss_counter counter = member_at(t, row->key.where);

	touch_ticks_add(&t->ticks, event->pid, counter, &row->gained[counter], weight,
			event->kind == TOUCH_TICK && row->key.is_syscall);
	t->tick_ns = event->t_ns;
	touch_note_touched(t, row->key.where.mapping, event->t_ns);
}

void touch_on_tick(struct touch *t, const struct touch_event *event)
{
	if (!event->regs || touch_duty_is_on(&t->duty))
		return;
	if (t->ticks.bytes <= 0)
		t->ticks.bytes = touch_duty_bytes(&t->duty, TOUCH_TICK_NS);
	touch_at_work(t, event,
		      touch_row_of(t, event, touch_where_tick(&t->faults, &t->spaces, event)),
		      (double)event->period / TOUCH_TICK_NS);
}

/* Some in each gap; what a look finds is not shared among ticks. */
static enum touch_tick_pace pace_of(const struct touch *t)
{
	uint64_t ns = touch_duty_gap_ns(&t->duty) / TICKS_A_GAP;

	if (touch_duty_is_on(&t->duty))
		return t->rings.pace;
	return ns < TOUCH_TICK_NS	? TICK_PACE_FAST
	       : ns < 2 * TOUCH_TICK_NS ? TICK_PACE_USUAL
					: TICK_PACE_SLOW;
}

void touch_watch_gaps(struct touch *t)
{
	bool has_gaps = t->duty.state != DUTY_ALWAYS;
	bool is_mixed = t->ticks.is_mixed > TOUCH_MIXED_MOST;

	if (has_gaps && t->ticks.is_by_faults != is_mixed) {
		t->ticks.is_by_faults = is_mixed;
		t->ticks.bytes = is_mixed ? DUTY_PAGE : 0;
	}
	touch_rings_tick(&t->rings, !has_gaps || is_mixed ? TICK_PACE_NONE : pace_of(t));
	touch_want_faults(t, touch_duty_is_on(&t->duty) || is_mixed);
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
static void leave(struct touch *t, int64_t bytes)
{
	if (bytes <= READ_LATE + t->seen.bytes / DUTY_PART_OF_ALL / 2)
		return;
	t->seen.is_unclear = true;
	if (t->ticks.is_by_faults)
		t->ticks.is_mixed = TOUCH_MIXED_AT_FIRST;
}

/* Older kernels tell it a little late. */
static void read_member(struct touch *t, struct touch_process *p, const struct touch_event *now)
{
	int64_t bytes = now->size - p->size[now->counter], huge, small;

	if (bytes < -READ_LATE) {
		t->seen.is_unclear = true; /* the ticks tell what came before it went */
		return;
	}
	if (bytes <= 0) {
		touch_ticks_end(&t->ticks, now->pid, now->counter, 0);
		return;
	}
	huge = touch_huge_take(&t->huge, now, bytes, UINT64_MAX);
	small = touch_ticks_explain(&t->ticks, now->pid, now->counter, bytes - huge);
	/* A tick does not tell of which size the page is that is being cleared; a fault does. */
	if (huge > 0 && bytes > huge)
		t->ticks.is_mixed = TOUCH_MIXED_AT_FIRST;
	t->seen.small += small;
	t->seen.bytes += huge + small;
	leave(t, bytes - huge - small);
	touch_scale_read(&t->scale, p, now, p->size[now->counter] + huge + small);
}

static void read_process(struct touch *t, pid_t pid)
{
	struct touch_process *p = touch_scale_process(&t->scale, pid);
	struct touch_event now = {.kind = TOUCH_RSS, .pid = pid, .tid = -1};
	int64_t size[RSS_COUNT] = {0};

	if (!p || p->end_ns || !read_sizes(pid, size))
		return;
	now.t_ns = (uint64_t)io_now_ns();
	for (int m = 0; m < RSS_COUNT; m++) {
		now.counter = (enum rss_counter)m;
		now.size = size[m];
		if (p->is_seen[m] && size[m] >= 0)
			read_member(t, p, &now);
	}
}

static bool is_among(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

void touch_read_gap(struct touch *t)
{
	pid_t pids[READ_PROCESSES];
	size_t count = 0;

	t->seen.is_unclear = false;
	for (size_t i = 0; i < t->ticks.count && count < READ_PROCESSES; i++)
		if (!is_among(pids, count, t->ticks.items[i].pid))
			pids[count++] = t->ticks.items[i].pid;
	for (size_t i = 0; i < count; i++)
		read_process(t, pids[i]);
	t->seen.is_unclear |= count == READ_PROCESSES;
}

/* It may do no more than wait from now on. What no tick explains is of where it was seen last. */
void touch_read_parent(struct touch *t, pid_t pid)
{
	struct touch_process *p = touch_scale_process(&t->scale, pid);
	struct touch_row *row = last_row_of(t, pid, false);
	struct touch_event now = {.pid = pid, .counter = RSS_ANON};
	int64_t size[RSS_COUNT] = {0};

	touch_read_gap(t);
	if (!p || !row || !p->is_seen[RSS_ANON] || !read_sizes(pid, size) ||
	    size[RSS_ANON] <= p->size[RSS_ANON])
		return;
	row->gained[RSS_ANON] += size[RSS_ANON] - p->size[RSS_ANON];
	now.t_ns = (uint64_t)io_now_ns();
	touch_scale_read(&t->scale, p, &now, size[RSS_ANON]);
}

/* Both are read after the fork, and can have grown since: it had the smaller size of the two. */
void touch_read_child(struct touch *t, pid_t pid, pid_t parent_pid)
{
	struct touch_process *p = touch_scale_process(&t->scale, pid);
	const struct touch_process *parent = touch_scale_process(&t->scale, parent_pid);
	int64_t size[RSS_COUNT] = {0};

	if (!p || !parent || !p->is_blind || !read_sizes(pid, size))
		return;
	p->is_blind = false;
	for (int m = 0; m < RSS_COUNT; m++)
		if (!parent->is_seen[m] || parent->size[m] > size[m])
			p->inherited[m] = size[m] > 0 ? size[m] : 0;
}

static double all_ticks_of(struct touch *t, pid_t pid)
{
	double sum = 0;

	for (int m = 0; m < RSS_COUNT; m++)
		sum += touch_ticks_sum(&t->ticks, pid, (enum rss_counter)m);
	return sum;
}

/* Whether what it is missing can as well be pages of a file. */
static bool has_much_of_files(const struct touch_process *p)
{
	return p && p->size[RSS_FILE] > (p->size[RSS_ANON] + p->size[RSS_SHMEM]) / 4;
}

/*
 * What a process gained since the last look, for a weight of 1: as much as lately, or what is
 * missing of its highest size, where that is known and can have come since. Where that can be of
 * files, whose pages come many at a time, no more than lately.
 */
static double last_part(struct touch *t, pid_t pid)
{
	uint64_t unheard_ns;
	double missing = (double)touch_scale_missing(&t->scale, pid, &unheard_ns);
	double most = (double)unheard_ns * t->fastest * 2, sum = all_ticks_of(t, pid);

	if (sum <= 0)
		return 0;
	if (missing < 0 || (has_much_of_files(touch_scale_process(&t->scale, pid)) &&
			    t->ticks.bytes * sum < missing))
		missing = t->ticks.bytes * sum;
	missing = missing < most ? missing : most;
	return (missing < (double)t->least_room ? missing : (double)t->least_room) / sum;
}

static void end_ticks(struct touch *t, pid_t pid)
{
	double part = last_part(t, pid);

	for (int m = 0; m < RSS_COUNT; m++)
		touch_scale_grow(&t->scale, pid, (enum rss_counter)m,
				 touch_ticks_end(&t->ticks, pid, (enum rss_counter)m, part));
}

/*
 * What one is missing whose memory is its own is no file's. One that had no tick is as good as seen
 * at where it gained last, but where files come and go nobody knows what it is.
 */
static void end_gap(struct touch *t, const struct touch_process *p)
{
	struct touch_row *row = last_row_of(t, p->pid, false);
	uint64_t unheard_ns;

	if (has_much_of_files(p))
		return;
	touch_ticks_end(&t->ticks, p->pid, RSS_FILE, 0);
	if (row && all_ticks_of(t, p->pid) <= 0 &&
	    touch_scale_missing(&t->scale, p->pid, &unheard_ns) > 0)
		touch_ticks_add(&t->ticks, p->pid, RSS_ANON, &row->gained[RSS_ANON], 1, false);
}

void touch_end_gaps(struct touch *t)
{
	for (size_t i = 0; t->on_ns && i < t->scale.count; i++)
		end_gap(t, &t->scale.processes[i]);
	while (t->ticks.count)
		end_ticks(t, t->ticks.items[0].pid);
}
