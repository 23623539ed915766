#include "base/cleanup.h"
#include "capture/touch_state.h"
#include "symbols/registers.h"

/* What runs at an exit brings pages of its file alone. */
static bool is_of_memory(const struct touch_row *row)
{
	return row->gained[MEMBER_FILE] <= row->gained[MEMBER_ANON] + row->gained[MEMBER_SHMEM];
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

void touch_lose(struct touch *t, const struct touch_event *event, int64_t bytes)
{
	touch_row_of(t, event, (struct touch_where){0})->lost[event->member] += bytes;
}

void touch_after_gap(struct touch *t, const struct touch_event *event, int64_t bytes,
		     uint64_t last_ns)
{
	struct touch_row *before = last_row_of(t, event->pid, true), *row;
	int64_t unused = 0, lost;
	struct touch_gap gap = {
		.pid = event->pid,
		.member = event->member,
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
		gap.own = gap.rest = &row->gained[event->member];
		/* What has no page faults is populated: by it, or by what went on before. */
		if (!row->key.is_syscall && before && before->key.is_syscall)
			gap.rest = &before->gained[event->member];
	}
	lost = touch_ticks_share(&t->ticks, &gap);
	if (lost <= 0)
		return;
	touch_lose(t, event, lost);
	touch_scale_was_higher(&t->scale, event->pid, lost + bytes);
}

static enum touch_member member_at(const struct touch *t, struct touch_where where)
{
	const struct touch_mapping *m = touch_spaces_mapping(&t->spaces, where.mapping);

	if (!m || where.is_on_stack)
		return MEMBER_ANON;
	return m->what == MAPPING_SHARED ? MEMBER_SHMEM
	       : m->what == MAPPING_FILE ? MEMBER_FILE
					 : MEMBER_ANON;
}

void touch_at_work(struct touch *t, const struct touch_event *event, struct touch_row *row,
		   double weight)
{
	enum touch_member member = member_at(t, row->key.where);

	touch_ticks_add(&t->ticks, event->pid, member, &row->gained[member], weight,
			event->kind == TOUCH_TICK && row->key.is_syscall);
	t->tick_ns = event->t_ns;
	touch_note_touched(t, row->key.where.mapping, event->t_ns);
}

void touch_on_tick(struct touch *t, const struct touch_event *event)
{
	if (!event->regs || touch_duty_is_on(&t->duty))
		return;
	if (t->ticks.bytes <= 0)
		t->ticks.bytes = touch_duty_bytes(&t->duty, 1e9 / TOUCH_TICKS_PER_SECOND);
	touch_at_work(t, event,
		      touch_row_of(t, event, touch_where_tick(&t->faults, &t->spaces, event)), 1);
}

void touch_watch_gaps(struct touch *t, bool has_gaps)
{
	enum touch_rings_watch watch = !has_gaps			      ? TOUCH_WATCH_NONE
				       : t->ticks.is_mixed > TOUCH_MIXED_MOST ? TOUCH_WATCH_FAULTS
									      : TOUCH_WATCH_TICKS;

	if (watch != t->rings.watch && watch != TOUCH_WATCH_NONE) {
		t->ticks.is_by_faults = watch == TOUCH_WATCH_FAULTS;
		t->ticks.bytes = t->ticks.is_by_faults ? 4096 : 0;
	}
	touch_rings_watch(&t->rings, watch);
}

static double all_ticks_of(struct touch *t, pid_t pid)
{
	double sum = 0;

	for (int m = 0; m < MEMBER_COUNT; m++)
		sum += touch_ticks_sum(&t->ticks, pid, (enum touch_member)m);
	return sum;
}

/*
 * What a process gained since the last look, for a weight of 1: as much as lately, or what is
 * missing of its highest size, where that is known and can have come since.
 */
static double last_part(struct touch *t, pid_t pid)
{
	uint64_t unheard_ns;
	double missing = (double)touch_scale_missing(&t->scale, pid, &unheard_ns);
	double most = (double)unheard_ns * t->fastest * 2, sum = all_ticks_of(t, pid);

	if (sum <= 0)
		return 0;
	if (missing < 0)
		missing = t->ticks.bytes * sum;
	missing = missing < most ? missing : most;
	return (missing < (double)t->least_room ? missing : (double)t->least_room) / sum;
}

static void end_ticks(struct touch *t, pid_t pid)
{
	double part = last_part(t, pid);

	for (int m = 0; m < MEMBER_COUNT; m++)
		touch_scale_grow(&t->scale, pid, (enum touch_member)m,
				 touch_ticks_end(&t->ticks, pid, (enum touch_member)m, part));
}

/*
 * What one is missing whose memory is its own is no file's. One that had no tick is as good as seen
 * at where it gained last.
 */
static void end_gap(struct touch *t, const struct touch_process *p)
{
	struct touch_row *row = last_row_of(t, p->pid, false);
	uint64_t unheard_ns;

	if (p->size[MEMBER_ANON] + p->size[MEMBER_SHMEM] > p->size[MEMBER_FILE])
		touch_ticks_end(&t->ticks, p->pid, MEMBER_FILE, 0);
	if (row && all_ticks_of(t, p->pid) <= 0 &&
	    touch_scale_missing(&t->scale, p->pid, &unheard_ns) > 0)
		touch_ticks_add(&t->ticks, p->pid, MEMBER_ANON, &row->gained[MEMBER_ANON], 1,
				false);
}

void touch_end_gaps(struct touch *t)
{
	for (size_t i = 0; t->on_ns && i < t->scale.count; i++)
		end_gap(t, &t->scale.processes[i]);
	while (t->ticks.count)
		end_ticks(t, t->ticks.items[0].pid);
}
