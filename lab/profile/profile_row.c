/* Which row of the table an event belongs to. */
#include "base/cleanup.h"
#include "profile/fault_locator.h"
#include "profile/profile_state.h"
#include "symbols/registers.h"

size_t touch_stack_of(struct touch *t, const struct touch_event *event,
		      struct unwind_frame frames[UNWIND_DEPTH_MAX])
{
	const struct unwind_sample sample = {event->pid, event->regs, event->stack,
					     event->stack_len};

	return event->regs ? unwind_stack(t->unwind, &sample, frames) : 0;
}

struct touch_row *touch_row_of(struct touch *t, const struct touch_event *event,
			       struct touch_where where)
{
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
	const struct touch_key key = {
		.pid = event->pid,
		.is_syscall = event->regs && registers_in_syscall(event->regs),
		.where = where,
		.frames = frames,
		.depth = touch_stack_of(t, event, frames),
	};
	struct touch_row *row = touch_table_row(&t->table, &key);

	row->samples++;
	return row;
}

void touch_note_touched(struct touch *t, int mapping, uint64_t t_ns)
{
	struct touch_mapping *m = touch_spaces_mapping(&t->spaces, mapping);

	if (!m)
		return;
	m->first_ns = m->first_ns ? m->first_ns : t_ns;
	m->last_ns = t_ns;
}

/* Pages of files are in none that is told of. */
static struct touch_row *new_gaining_row(struct touch *t, const struct touch_event *event)
{
	struct touch_where where = {0};

	if (event->counter != RSS_FILE)
		where = touch_where_rss(&t->faults, &t->spaces, event);
	touch_note_touched(t, where.mapping, event->t_ns);
	return touch_row_of(t, event, where);
}

/* What is counted when a thread has let go of its memory was touched where it was seen last. */
struct touch_row *touch_gaining_row(struct touch *t, const struct touch_event *event)
{
	struct last_row *last = &t->last_rows[(unsigned int)event->tid % ARRAY_SIZE(t->last_rows)];

	if (event->is_current || last->tid != event->tid)
		*last = (struct last_row){event->tid, new_gaining_row(t, event), event->t_ns};
	if (last->row->key.is_syscall && last->row->gained[RSS_ANON] >= TOUCH_LARGE_BYTES)
		t->populated = last->row;
	return last->row;
}
