#include <stdlib.h>

#include "oomlog/assemble_parts.h"

enum { PENDING_MAX = 64 };

/* A kill line that may be of the open event's group, or a kill of its own. */
struct pending_kill {
	char *text, *wall;
	size_t text_len, wall_len;
	uint64_t line;
	int64_t time_ns;
};

bool assemble_kills_blame_differs(const struct assembler *a, const struct message *m)
{
	const struct draft *f = &a->draft;
	bool memcg = f->kill_says_memcg || event(a)->lines.limit || event(a)->oom_memcg ||
		     (event(a)->constraint && strcmp(event(a)->constraint, "MEMCG") == 0);

	return (fact_blames_machine(m->text) && memcg) ||
	       (fact_blames_memcg(m->text) && f->kill_says_global);
}

/* "Out of Memory: Killed process 739 (xchats).": until 2.6.10 once for each task that shared it. */
static bool is_next_thread(const struct assembler *a, const struct message *m,
			   const struct oomlog_victim *victim)
{
	const struct oomlog_event *ev = event(a);

	return a->last_kind == KIND_KILLED && ev->victim_count && victim->comm &&
	       victim->anon_rss_bytes == ABSENT &&
	       span_starts(span_ltrim(m->text), SPAN("Out of Memory: Killed process ")) &&
	       ev->victims[ev->victim_count - 1].comm &&
	       strcmp(ev->victims[ev->victim_count - 1].comm, victim->comm) == 0;
}

/*
 * A bare "Killed process" follows the line of the choice. With "Out of memory:" or "Memory cgroup
 * out of memory:" in front it is complete, and needs no choice before it.
 */
static bool kill_belongs(const struct assembler *a, const struct message *m,
			 const struct oomlog_victim *victim)
{
	bool complete = fact_blames_memcg(m->text) || fact_blames_machine(m->text);

	if (event(a)->group_kill &&
	    (!fact_blames_machine(m->text) || draft_is_of_machine(&a->draft)))
		return true;
	if (is_next_thread(a, m, victim))
		return true;
	if (a->last_kind == KIND_KILLED && !complete && event(a)->victim_count &&
	    event(a)->victims[0].pid == victim->pid)
		return true;
	return !event(a)->victim_count && !event(a)->no_killable_process &&
	       !(complete && ((event(a)->lines.chosen && !a->draft.chosen_with_children) ||
			      assemble_kills_blame_differs(a, m)));
}

/*
 * A kill line directly behind the kill line of a cgroup's event is one more of its group, whose
 * announcement is missing, or a kill of its own. A later line that names the event's victim again
 * decides: a group kill goes over all processes of the cgroup, its first victim included.
 */
static bool is_undecided(const struct assembler *a, const struct message *m)
{
	return a->last_kind == KIND_KILLED && event(a)->victim_count && !event(a)->group_kill &&
	       fact_blames_memcg(m->text) && a->draft.kill_says_memcg &&
	       a->pending_count < PENDING_MAX;
}

/* The text may hold NULs. */
static char *copy_of(struct span s)
{
	char *copy = xcalloc(1, s.n + 1);

	if (s.n)
		memcpy(copy, s.p, s.n);
	return copy;
}

static void put_off(struct assembler *a, const struct message *m)
{
	struct pending_kill *p = ARRAY_PUSH(a->pending, a->pending_count, a->pending_capacity);

	*p = (struct pending_kill){
		.text = copy_of(m->text),
		.text_len = m->text.n,
		.wall = copy_of(m->wall),
		.wall_len = m->wall.n,
		.line = m->line,
		.time_ns = m->time_ns,
	};
}

/* pre: no kill is put off, so there is nothing to settle. */
static void begin(struct assembler *a, const struct message *m)
{
	assembler_flush(a);
	assembler_open(a, m);
}

static void add_kill(struct assembler *a, const struct message *m);

/* Adds the kills put off: with `group` to the open event, else each to an event of its own. */
static void settle_pending(struct assembler *a, bool group)
{
	struct pending_kill *list = a->pending;
	size_t count = a->pending_count;

	a->pending = NULL;
	a->pending_count = a->pending_capacity = 0;
	for (size_t i = 0; i < count; i++) {
		struct message m = {
			.text = {list[i].text, list[i].text_len},
			.wall = {list[i].wall, list[i].wall_len},
			.kind = KIND_KILLED,
			.line = list[i].line,
			.time_ns = list[i].time_ns,
		};

		if (!group)
			begin(a, &m);
		add_kill(a, &m);
		a->draft.event.lines.last = m.line;
		free(list[i].text);
		free(list[i].wall);
	}
	free(list);
}

void assemble_kills_settle(struct assembler *a)
{
	if (a->pending_count)
		settle_pending(a, false);
}

static bool names_victim_again(const struct assembler *a, const struct oomlog_victim *victim)
{
	const struct oomlog_victim *first = event(a)->victims;

	return event(a)->victim_count && first->pid == victim->pid &&
	       first->total_vm_bytes == victim->total_vm_bytes &&
	       first->anon_rss_bytes == victim->anon_rss_bytes;
}

/*
 * The very same line, with the same stamp, further down is a quotation: people repeat what they
 * showed before. Lines that a group kill repeats have different stamps.
 */
static bool is_quoted(struct assembler *a, const struct message *m,
		      const struct oomlog_victim *victim)
{
	struct kill_stamp now = {m->time_ns, victim->pid, victim->total_vm_bytes,
				 victim->anon_rss_bytes};
	bool bare = m->time_ns == ABSENT;

	/* Without a stamp of its own, or a date, all of the sizes must be known and the same. */
	if (bare && (m->wall.n || now.anon_rss_bytes == ABSENT))
		return false;
	for (size_t i = 0; i < RECENT_KILLS_MAX; i++)
		if ((bare ? a->recent_kills[i].pid != 0
			  : a->recent_kills[i].time_ns == now.time_ns) &&
		    a->recent_kills[i].pid == now.pid &&
		    a->recent_kills[i].total_vm_bytes == now.total_vm_bytes &&
		    a->recent_kills[i].anon_rss_bytes == now.anon_rss_bytes)
			return true;
	if (!bare)
		a->recent_kills[a->recent_kill_count++ % RECENT_KILLS_MAX] = now;
	return false;
}

/* The line of the choice, which was quoted with its kill, is no event either. */
static void drop_quoted_choice(struct assembler *a)
{
	const struct oomlog_event *ev = event(a);

	if (a->open && ev->lines.chosen && ev->lines.first == ev->lines.chosen &&
	    !ev->victim_count) {
		a->certain = false;
		assembler_flush(a);
	}
}

void assemble_kills_take(struct assembler *a, const struct message *m)
{
	struct oomlog_victim victim;

	if (!fact_parse_killed(&a->draft, m->text, &victim))
		return;
	if (is_quoted(a, m, &victim)) {
		drop_quoted_choice(a);
		return;
	}
	if (is_undecided(a, m) && names_victim_again(a, &victim)) {
		a->draft.event.group_kill = true;
		settle_pending(a, true);
	} else if (is_undecided(a, m)) {
		put_off(a, m);
		return;
	}
	assemble_kills_settle(a);
	if (!kill_belongs(a, m, &victim))
		begin(a, m);
	add_kill(a, m);
}

static void add_kill(struct assembler *a, const struct message *m)
{
	struct oomlog_victim victim;

	if (!fact_parse_killed(&a->draft, m->text, &victim))
		return;
	assembler_open(a, m);
	a->certain = true;
	victim.line = m->line;
	a->draft.kill_says_memcg |= fact_blames_memcg(m->text);
	a->draft.kill_says_global |= fact_blames_machine(m->text);
	a->draft.event.allocating_task |= span_has(m->text, SPAN("(oom_kill_allocating_task)"));
	fact_victim(&a->draft, &victim);
}

void assemble_kills_release(struct assembler *a)
{
	for (size_t i = 0; i < a->pending_count; i++) {
		free(a->pending[i].text);
		free(a->pending[i].wall);
	}
	free(a->pending);
	a->pending = NULL;
	a->pending_count = a->pending_capacity = 0;
}
