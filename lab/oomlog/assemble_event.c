#include "oomlog/assemble_parts.h"

void assembler_flush(struct assembler *a)
{
	if (a->open && a->certain) {
		draft_finish(&a->draft, a->options.page_size);
		a->events++;
		if (event(a)->victim_count)
			a->last_pid = event(a)->victims[event(a)->victim_count - 1].pid;
		a->options.event(&a->draft.event, a->options.ctx);
	}
	if (a->open)
		draft_reset(&a->draft);
	a->open = a->certain = a->in_slabs = a->in_allocs = false;
}

void assembler_open(struct assembler *a, const struct message *m)
{
	struct oomlog_event *ev = &a->draft.event;

	if (a->open)
		return;
	a->open = true;
	ev->lines.first = m->line;
	ev->time_ns = m->time_ns;
	if (m->wall.n)
		ev->wall = pool_text(&a->draft.pool, m->wall);
	ev->headers_suppressed = a->suppressed;
	ev->lines.suppressed = a->suppressed_line;
	ev->by_hand = a->by_hand && m->line - a->by_hand < IDLE_AFTER_KILL;
	a->suppressed = ABSENT;
	a->by_hand = 0;
}
