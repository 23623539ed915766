#include <inttypes.h>
#include <string.h>

#include "explain/explain_parts.h"

/* What oom_score_adj weighs, where no table shows the others. */
static void say_adj(struct explanation *x, const struct oomlog_event *ev)
{
	const struct oomlog_victim *v = ev->victims;
	int64_t adj = v->oom_score_adj;

	if (!is_known(adj) || x->victim != SIZE_MAX || ev->old_score)
		return;
	if (adj == 1000 && explain_is_machine(ev))
		explain_say(
			x, TOPIC_WHY, v->line, 0,
			"Its oom_score_adj of 1000 is reason enough: it counts like all memory there is, so whatever its size it comes before every process whose value is 0 or less.");
	else if (adj >= 100)
		explain_say(
			x, TOPIC_WHY, v->line, 0,
			"Its oom_score_adj of %" PRId64 " adds %" PRId64 ".%" PRId64
			" %% of all memory that counts to its score; among processes of the same value size decides.",
			adj, adj / 10, adj % 10);
	else if (adj <= -500)
		explain_say(
			x, TOPIC_WHY, v->line, 0,
			"Its oom_score_adj of %" PRId64 " takes %" PRId64 ".%" PRId64
			" %% of all memory that counts off its score: the kernel takes such a process only where hardly anything else is left to kill.",
			adj, -adj / 10, -adj % 10);
}

/* The score of the highest: nothing else had more. */
static void say_low_score(struct explanation *x, const struct oomlog_event *ev)
{
	if (is_known(ev->chosen_score) && ev->chosen_score <= 1 && !ev->old_score &&
	    !ev->allocating_task && explain_is_machine(ev) && !ev->task_count)
		explain_say(
			x, TOPIC_WHY, ev->lines.chosen, 0,
			"The highest score is next to nothing: no process that may be killed holds a share worth naming, so the memory is elsewhere (the kernel, drivers, tmpfs, or a process protected by its oom_score_adj).");
}

static void say_little(struct explanation *x, const struct oomlog_event *ev)
{
	const struct oomlog_victim *v = ev->victims;

	if (!explain_is_tiny(ev))
		return;
	if (explain_is_machine(ev) && !ev->by_hand)
		explain_say(
			x, TOPIC_WHY, v->line, 0,
			"Its death frees little: %s of anonymous memory%s, unless it held what no RSS shows (%smemory of a graphics card or device, huge pages).",
			SIZE_TEXT(explain_freed(ev)),
			is_known(v->pgtables_bytes) ? " and page tables" : "",
			ev->swap_total_bytes == 0 || explain_is_listed(ev, v->pid) ? "" : "swap, ");
	else if (explain_is_memcg(ev) && !is_known(ev->usage_bytes))
		explain_say(
			x, TOPIC_WHY, v->line, 0,
			"The victim is small (%s): either the limit is small, too, or what fills the cgroup is no process's own (tmpfs, page cache that is dirty, kernel memory).",
			SIZE_TEXT(explain_freed(ev)));
}

bool explain_is_origin(const struct oomlog_event *ev)
{
	return ev->mechanism == MECHANISM_SWAPOFF && ev->victim_count && ev->victims[0].comm &&
	       ev->invoker_comm && strcmp(ev->victims[0].comm, ev->invoker_comm) == 0;
}

static void say_origin(struct explanation *x, const struct oomlog_event *ev)
{
	if (explain_is_origin(ev))
		explain_say(
			x, TOPIC_WHY, ev->lines.trace, ev->victims[0].line,
			"swapoff marks whoever runs it as the first to be killed: size and oom_score_adj did not matter.");
}

static void say_again(struct explanation *x, const struct oomlog_event *ev)
{
	if (ev->lines.previous && explain_is_memcg(ev))
		explain_say(
			x, TOPIC_WHAT, ev->victims[0].line, ev->lines.previous,
			"%s was killed before at the same size: it grows to the limit again each time it is started, or is one of several of that size.",
			explain_name(x, ev->victims[0].comm));
}

static void say_result(struct explanation *x, const struct oomlog_event *ev)
{
	if (ev->failed_unit)
		explain_say(
			x, TOPIC_WHAT, ev->lines.result, 0,
			"systemd then ended the unit %s because of a kill in it (result 'oom-kill'): processes of it that died later were stopped by systemd (OOMPolicy=), not by the OOM killer.",
			explain_name(x, ev->failed_unit));
}

void explain_victim_alone(struct explanation *x, const struct oomlog_event *ev)
{
	if (!ev->victim_count)
		return;
	say_again(x, ev);
	say_result(x, ev);
	say_origin(x, ev);
	if (!ev->allocating_task && !explain_is_origin(ev))
		say_adj(x, ev);
	say_low_score(x, ev);
	say_little(x, ev);
}
