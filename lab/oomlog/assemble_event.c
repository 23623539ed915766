#include "oomlog/assemble_parts.h"

#include "oomlog/event_fields.h"

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
static void compare_with_last(struct assembler *a, struct oomlog_event *ev)
{
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

static void hand_out(struct assembler *a, struct oomlog_event *ev)
{
	compare_with_last(a, ev);
	a->events++;
	if (ev->victim_count)
		a->last_pid = ev->victims[ev->victim_count - 1].pid;
	a->options.event(ev, a->options.ctx);
}

static bool names_pid(const struct oomlog_event *ev, const struct oomlog_victim *victim)
{
	if (ev->summary_pid == victim->pid)
		return true;
	for (size_t i = 0; i < ev->task_count && victim->comm; i++)
		if (ev->tasks[i].pid == victim->pid && !strcmp(ev->tasks[i].comm, victim->comm))
			return true;
	return false;
}

/* The open event is a kill line alone, just before: perhaps that of the dump that begins. */
static bool may_be_of_next(const struct assembler *a)
{
	const struct oomlog_event *ev = event(a);

	return a->open && a->certain && ev->victim_count == 1 && ev->lines.killed && !a->idle &&
	       !ev->lines.invoked && !ev->lines.summary && !ev->lines.limit && !ev->lines.group &&
	       !ev->task_count && !ev->meminfo_count && !ev->trace_count;
}

bool assembler_hold(struct assembler *a)
{
	if (!may_be_of_next(a))
		return false;
	draft_finish(&a->draft, a->options.page_size);
	a->held = a->draft.event;
	event_fields_own(&a->held, &a->held_pool);
	a->has_held = true;
	draft_reset(&a->draft);
	a->open = a->certain = a->in_slabs = a->in_allocs = false;
	return true;
}

/* Gives the kill that is held to the open event, if that names its pid and has none; or hands it
 * out as an event of its own. */
static void settle_held(struct assembler *a)
{
	struct oomlog_victim victim;

	if (!a->has_held)
		return;
	a->has_held = false;
	victim = a->held.victims[0];
	if (a->open && !event(a)->victim_count && !event(a)->no_killable_process &&
	    names_pid(event(a), &victim)) {
		if (victim.comm)
			victim.comm = pool_text(&a->draft.pool,
						(struct span){victim.comm, strlen(victim.comm)});
		a->draft.kill_says_memcg |= a->held.scope == SCOPE_MEMCG;
		a->draft.kill_says_global |= a->held.scope == SCOPE_GLOBAL;
		fact_victim(&a->draft, &victim);
	} else {
		hand_out(a, &a->held);
	}
	pool_clear(&a->held_pool);
}

void assembler_flush(struct assembler *a)
{
	settle_held(a);
	if (a->open && a->certain) {
		draft_finish(&a->draft, a->options.page_size);
		hand_out(a, &a->draft.event);
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
