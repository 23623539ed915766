/* Which row of the table an event belongs to. */
#include "base/cleanup.h"
#include "profile/fault_locator.h"
#include "profile/profile_state.h"
#include "symbols/registers.h"

size_t profile_row_stack(struct profile *prof, const struct perf_event *event,
			 struct unwind_frame frames[UNWIND_DEPTH_MAX])
{
	const struct unwind_sample sample = {event->pid, event->regs, event->stack,
					     event->stack_len};

	return event->regs ? unwind_stack(prof->unwind, &sample, frames) : 0;
}

struct profile_row *profile_row_of(struct profile *prof, const struct perf_event *event,
				   struct fault_location where)
{
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
	const struct profile_key key = {
		.pid = event->pid,
		.is_syscall = event->regs && registers_in_syscall(event->regs),
		.where = where,
		.frames = frames,
		.depth = profile_row_stack(prof, event, frames),
	};
	struct profile_row *row = profile_table_row(&prof->table, &key);

	row->samples++;
	return row;
}

void profile_row_note_touched(struct profile *prof, int mapping, uint64_t t_ns)
{
	struct space_mapping *m = space_mappings_at(&prof->spaces.mappings, mapping);

	if (!m)
		return;
	m->first_ns = m->first_ns ? m->first_ns : t_ns;
	m->last_ns = t_ns;
}

/* The mapping of pages of files is not told, so these have none. */
static struct profile_row *new_gaining_row(struct profile *prof, const struct perf_event *event)
{
	struct fault_location where = {0};

	if (event->counter != RSS_FILE)
		where = fault_locator_rss(&prof->locator, &prof->spaces, event);
	profile_row_note_touched(prof, where.mapping, event->t_ns);
	return profile_row_of(prof, event, where);
}

/* The last pages of an ending thread come without its memory: they are of the thread's last row. */
struct profile_row *profile_row_gaining(struct profile *prof, const struct perf_event *event)
{
	struct last_row *last =
		&prof->last_rows[(unsigned int)event->tid % ARRAY_SIZE(prof->last_rows)];

	if (event->is_current || last->tid != event->tid)
		*last = (struct last_row){event->tid, new_gaining_row(prof, event), event->t_ns};
	if (last->row->key.is_syscall && last->row->gained[RSS_ANON] >= PROBES_LARGE_BYTES)
		prof->populated = last->row;
	return last->row;
}
