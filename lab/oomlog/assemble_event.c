#include "oomlog/assemble_parts.h"

static void keep_text(char *to, size_t size, const char *from)
{
	size_t n = from ? strnlen(from, size - 1) : 0;

	if (n)
		memcpy(to, from, n);
	to[n] = '\0';
}

/* Within 2 %, and large enough to be told from chance. */
static bool same_size(int64_t a, int64_t b)
{
	return is_known(a) && is_known(b) && a > 16 << 20 && a - b < a / 50 && b - a < a / 50;
}

/* Compares the first victim with that of the event before, and keeps it for the next. */
static void compare_with_last(struct assembler *a)
{
	struct oomlog_event *ev = &a->draft.event;
	struct last_kill *last = &a->last_kill;
	const char *memcg = ev->task_memcg;

	if (!ev->victim_count || !ev->victims[0].comm)
		return;
	if (!strcmp(last->comm, ev->victims[0].comm) &&
	    (!memcg || !*last->memcg || !strncmp(memcg, last->memcg, sizeof(last->memcg) - 1)) &&
	    same_size(last->anon_rss_bytes, ev->victims[0].anon_rss_bytes))
		ev->lines.previous = last->line;
	keep_text(last->comm, sizeof(last->comm), ev->victims[0].comm);
	keep_text(last->memcg, sizeof(last->memcg), memcg);
	last->anon_rss_bytes = ev->victims[0].anon_rss_bytes;
	last->line = ev->victims[0].line;
}

void assembler_flush(struct assembler *a)
{
	if (a->open && a->certain) {
		draft_finish(&a->draft, a->options.page_size);
		compare_with_last(a);
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
