#include "record/verdict.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/checks.h"
#include "record/query.h"
#include "record/run_scope.h"

/* memory.high was passed this often before a run counts as held back by it. */
#define MANY_HIGH_EVENTS 10
/* Kills cited at most: a restarted program can be killed hundreds of times. */
#define CITED_KILLS 4

static void cite(struct conclusion *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void cite(struct conclusion *c, const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = xstrdup("");
	va_end(ap);
	c->cause_evidence = xrealloc(c->cause_evidence, c->cause_evidence_count + 1,
				     sizeof(*c->cause_evidence));
	c->cause_evidence[c->cause_evidence_count++] = text;
}

static void cite_end(struct conclusion *c, const struct record *r)
{
	const struct record_process_end *end = record_target_end(r);

	if (end && is_known(end->signal))
		cite(c, "exit signal %" PRId64, end->signal);
	else if (end && is_known(end->exit_status))
		cite(c, "exit status %" PRId64, end->exit_status);
}

/* Cites a counter that rose, or that stood still, which shows that nothing happened. */
static void cite_counter(struct conclusion *c, const struct record *r, enum counter which)
{
	const struct record_cgroup *own = record_own_cgroup(r);
	bool is_v1_kill = r->cgroup_version == 1 && which == COUNTER_OOM_KILL;
	const char *file = is_v1_kill ? "memory.oom_control" : "memory.events";
	int64_t delta = record_delta(own, which);

	if (delta > 0)
		cite(c, "%s %s %" PRId64 "->%" PRId64, file, record_counter_names[which],
		     own->before.value[which], own->after.value[which]);
	else if (delta == 0)
		cite(c, "%s %s %" PRId64 ", unchanged", file, record_counter_names[which],
		     own->after.value[which]);
}

/* Cites a counter only if it rose: one that stood still is no evidence of a kill. */
static void cite_rise(struct conclusion *c, const struct record *r, enum counter which)
{
	if (record_delta(record_own_cgroup(r), which) > 0)
		cite_counter(c, r, which);
}

static void cite_kills(struct conclusion *c, const struct record *r, bool of_target)
{
	size_t cited = 0;

	for (size_t i = 0; i < c->kills->count && cited < CITED_KILLS; i++) {
		const struct kill *kill = &c->kills->items[i];
		const struct record_kmsg *line;

		if (of_target ? !kill->is_target : !kill->child_count)
			continue;
		line = kills_line(r, kill->event.victims[kill->first_own].line);
		if (line)
			cite(c, "kmsg %" PRIu64, line->seq);
		cited += line != NULL;
	}
}

static bool cite_mark_victims(struct conclusion *c, const struct record *r)
{
	bool found = false;

	for (size_t i = 0; i < r->mark_victim_count; i++) {
		if (!is_known(r->target_pid) || r->mark_victims[i].count != r->target_pid)
			continue;
		cite(c, "mark_victim %" PRId64, r->target_pid);
		found = true;
	}
	return found;
}

static size_t child_kills(const struct conclusion *c)
{
	size_t sum = 0;

	for (size_t i = 0; i < c->kills->count; i++)
		sum += c->kills->items[i].child_count;
	return sum;
}

static bool has_target_kill(const struct conclusion *c)
{
	const struct kill *kill = kills_main(c->kills);

	return kill && kill->is_target;
}

/* An engine reports 137 after SIGKILL, but also if the process itself exits with 137. */
static bool may_be_sigkill(const struct record_process_end *end)
{
	return end->signal == 9 || (end->is_engines_word && end->exit_status == 128 + 9);
}

/* The log is whole and has no kill line of the target, but some that may explain the counter. */
static bool is_log_of_others(const struct record *r, const struct conclusion *c)
{
	return record_saw_all_kmsg(r) && is_known(r->target_pid) && c->kills->unknown &&
	       !record_setting(r, "pid_namespace");
}

/* Kills that memory.events counted and no kill line of another process accounts for. */
static bool counter_means_target(const struct record *r, const struct conclusion *c)
{
	const struct record_process_end *end = record_target_end(r);
	int64_t delta = record_delta(record_own_cgroup(r), COUNTER_OOM_KILL);
	size_t children = child_kills(c);

	if (!end || !may_be_sigkill(end) || !is_known(delta) || delta <= 0)
		return false;
	if (r->watchdog || is_log_of_others(r, c))
		return false;
	return record_saw_all_kmsg(r) ? !children : delta > (int64_t)children;
}

/*
 * With memory.oom.group in a cgroup that the lab shares with the target, the kill ends the lab and
 * the record, too. A rise of oom_kill that the lab still saw then killed everything inside.
 */
static bool is_group_killed(const struct record *r, struct conclusion *c)
{
	const struct record_cgroup *own = record_own_cgroup(r);

	if (r->is_complete || record_target_end(r) || !own || own->oom_group != 1)
		return false;
	for (size_t i = 0; i < r->mark_count; i++)
		if (r->marks[i].what == MARK_OOM_KILL) {
			cite(c, "record line %u", r->marks[i].line);
			cite(c, "memory.oom.group 1");
			return true;
		}
	return false;
}

static bool is_target_oom_killed(const struct record *r, struct conclusion *c)
{
	bool proven;

	/* The kernel also marks a process that was about to end anyway, without killing it. */
	if (record_target_end(r) && !record_target_got_sigkill(r) && !has_target_kill(c))
		return false;
	cite_kills(c, r, true);
	proven = cite_mark_victims(c, r);
	proven = has_target_kill(c) || proven;
	proven = is_group_killed(r, c) || proven; /* called always, as it cites */
	if (!proven && !counter_means_target(r, c))
		return false;
	cite_rise(c, r, COUNTER_OOM_KILL);
	cite_end(c, r);
	return true;
}

/*
 * The counter has a kill that the log does not have as one of the run's. It is a child's only if it
 * is known how the target ended: else it may be the target's.
 */
static bool has_uncounted_kill(const struct record *r)
{
	int64_t delta = record_delta(record_own_cgroup(r), COUNTER_OOM_KILL);

	return is_known(delta) && delta > 0 && (record_target_end(r) || r->watchdog);
}

static bool cite_marked_children(struct conclusion *c, const struct record *r)
{
	bool found = false;

	for (size_t i = 0; i < r->mark_victim_count; i++)
		for (size_t j = 0; j < r->process_count && !found; j++)
			if (r->processes[j].pid == r->mark_victims[i].count) {
				cite(c, "mark_victim %" PRId64, r->processes[j].pid);
				found = true;
			}
	return found;
}

static bool is_child_oom_killed(const struct record *r, struct conclusion *c)
{
	if (!child_kills(c) && !has_uncounted_kill(r) && !cite_marked_children(c, r))
		return false;
	cite_kills(c, r, false);
	cite_rise(c, r, COUNTER_OOM_KILL);
	if (r->watchdog)
		cite(c, "watchdog: %s", record_watchdog_names[r->watchdog]);
	else
		cite_end(c, r);
	return true;
}

static const struct record_arena *refused_arena(const struct record *r)
{
	for (size_t i = 0; i < r->arena_count; i++)
		if (r->arenas[i].refused_errno == 12)
			return &r->arenas[i];
	return NULL;
}

/* It said itself that it failed, by its status or by abort(3). */
static bool gave_up(const struct record_process_end *end)
{
	if (!end || may_be_sigkill(end))
		return false;
	return is_known(end->signal) ? end->signal == SIGABRT
				     : is_known(end->exit_status) && end->exit_status;
}

/* A program that was refused memory, coped and ended with 0 has survived. */
static bool is_refused(const struct record *r, struct conclusion *c)
{
	const struct record_process_end *end = record_target_end(r);
	const struct record_arena *arena = refused_arena(r);
	const struct record_reservation *call = record_refused_call(r);

	if (is_known(r->refused_errno)) {
		cite(c, "gate refused errno %" PRId64, r->refused_errno);
	} else if (arena && !(end && end->exit_status == 0)) {
		cite(c, "trace %" PRId64 "-%" PRId64, arena->first_record, arena->last_record);
	} else if (call && gave_up(end)) {
		cite(c, "record line %u", call->line);
	} else {
		return false;
	}
	cite_counter(c, r, COUNTER_OOM_KILL);
	cite_end(c, r);
	return true;
}

static enum outcome stopped_by_watchdog(const struct record *r, struct conclusion *c)
{
	const struct record_cgroup *own = record_own_cgroup(r);
	int64_t oom = record_delta(own, COUNTER_OOM), kill = record_delta(own, COUNTER_OOM_KILL);
	int64_t high = record_high_delta(r);

	cite(c, "watchdog: %s", record_watchdog_names[r->watchdog]);
	if (r->watchdog == WATCHDOG_INTERRUPT)
		return OUTCOME_SIGNALLED;
	if (r->watchdog == WATCHDOG_LIVELOCK || c->kills->no_victim ||
	    (is_known(oom) && oom > 0 && is_known(kill) && kill == 0)) {
		cite_rise(c, r, COUNTER_OOM);
		cite_counter(c, r, COUNTER_OOM_KILL);
		return OUTCOME_LIVELOCKED;
	}
	if (is_known(high) && high >= MANY_HIGH_EVENTS) {
		cite_counter(c, r, COUNTER_HIGH);
		return OUTCOME_THROTTLED;
	}
	return OUTCOME_TIMED_OUT;
}

static enum outcome ended_by_itself(const struct record *r, struct conclusion *c)
{
	const struct record_process_end *end = record_target_end(r);

	if (is_refused(r, c))
		return OUTCOME_REFUSED;
	cite_end(c, r);
	cite_counter(c, r, COUNTER_OOM_KILL);
	if (is_known(end->signal))
		return OUTCOME_SIGNALLED;
	if (!is_known(end->exit_status))
		return OUTCOME_LAB_ERROR;
	return end->exit_status ? OUTCOME_FAILED : OUTCOME_SURVIVED;
}

/* Lines were lost. The lab writes both counts: if only the later one is there, a line is lost. */
static bool is_damaged(const struct record *r)
{
	const struct record_cgroup *own = record_own_cgroup(r);

	return record_lost(r, LOSS_RECORD) ||
	       (own && is_known(own->after.value[COUNTER_OOM_KILL]) &&
		!is_known(own->before.value[COUNTER_OOM_KILL]));
}

/* A line that is missing from a record that is cut or damaged may be that of a kill. */
static bool may_lack_kill(const struct record *r)
{
	return !r->is_complete ||
	       (is_damaged(r) && !is_known(record_delta(record_own_cgroup(r), COUNTER_OOM_KILL)));
}

bool conclusion_lacks_sender(const struct record *r)
{
	const struct record_process_end *end = record_target_end(r);

	return record_lost(r, LOSS_RECORD) && !r->watchdog && end && may_be_sigkill(end);
}

static enum outcome decide_outcome(const struct record *r, struct conclusion *c)
{
	if (r->skip)
		return OUTCOME_UNSET;
	if (is_target_oom_killed(r, c))
		return OUTCOME_OOM_KILLED;
	if (r->panic) {
		cite(c, "record line %u", r->panic_line);
		return OUTCOME_PANICKED;
	}
	if (r->watchdog == WATCHDOG_ESCAPE || (r->error && !is_known(r->gate_ns)))
		return OUTCOME_LAB_ERROR;
	if (r->watchdog == WATCHDOG_LIVELOCK)
		return stopped_by_watchdog(r, c);
	if (is_child_oom_killed(r, c))
		return OUTCOME_CHILD_OOM_KILLED;
	/* A VM's launcher that was interrupted wrote so itself, and the guest's record stops there. */
	if (r->watchdog == WATCHDOG_INTERRUPT && !r->is_complete && !r->is_unclosed)
		return stopped_by_watchdog(r, c);
	if (may_lack_kill(r) || conclusion_lacks_sender(r))
		return OUTCOME_LAB_ERROR;
	if (r->watchdog)
		return stopped_by_watchdog(r, c);
	if (!record_target_end(r))
		return OUTCOME_LAB_ERROR;
	return ended_by_itself(r, c);
}

static enum ending decide_ending(const struct record *r, enum outcome outcome)
{
	static const enum ending stops[WATCHDOG_COUNT] = {
		[WATCHDOG_TIMEOUT] = ENDING_TIMED_OUT,
		[WATCHDOG_INTERRUPT] = ENDING_INTERRUPTED,
		[WATCHDOG_LIVELOCK] = ENDING_LIVELOCKED,
		[WATCHDOG_ESCAPE] = ENDING_ESCAPED,
	};
	const struct record_process_end *end = record_target_end(r);

	/* The kernel killed the target first, whatever the lab stopped afterwards. */
	if (r->watchdog && outcome != OUTCOME_OOM_KILLED)
		return stops[r->watchdog];
	if (end && is_known(end->signal))
		return ENDING_SIGNALLED;
	return end && is_known(end->exit_status) ? ENDING_EXITED : ENDING_UNKNOWN;
}

static enum victim decide_victim(const struct record *r, const struct conclusion *c)
{
	int64_t delta = record_delta(record_own_cgroup(r), COUNTER_OOM_KILL);

	if (c->outcome == OUTCOME_OOM_KILLED)
		return VICTIM_SELF;
	if (child_kills(c) || (is_known(delta) && delta > 0) ||
	    c->outcome == OUTCOME_CHILD_OOM_KILLED)
		return VICTIM_CHILD;
	return kills_are_ruled_out(r, c->kills) ? VICTIM_NOBODY : VICTIM_UNSET;
}

/* The victims in the log, and the kills that the counter has beyond them. */
static int64_t count_killed(const struct record *r, const struct conclusion *c)
{
	const struct kills *k = c->kills;
	int64_t counted = or_zero(record_delta(record_own_cgroup(r), COUNTER_OOM_KILL));
	int64_t seen = (int64_t)(k->victims - k->outside + k->repeated);

	return (int64_t)k->victims + (counted > seen ? counted - seen : 0);
}

static enum verdict decide_verdict(const struct record *r, const struct conclusion *c)
{
	bool is_unknown = false;

	if (r->skip)
		return VERDICT_SKIP;
	if (r->error || c->outcome == OUTCOME_LAB_ERROR)
		return VERDICT_BROKEN;
	if (!r->spec.has_expect)
		return VERDICT_NONE;
	if (r->watchdog == WATCHDOG_INTERRUPT)
		return VERDICT_BROKEN;
	for (size_t i = 0; i < c->check_count; i++) {
		if (!c->checks[i].ok && c->checks[i].is_known)
			return VERDICT_FAIL;
		is_unknown |= !c->checks[i].is_known;
	}
	return is_unknown ? VERDICT_BROKEN : VERDICT_PASS;
}

void conclusion_draw(const struct record *record, struct conclusion *conclusion)
{
	*conclusion = (struct conclusion){.kills = kills_find(record)};
	conclusion->outcome = decide_outcome(record, conclusion);
	conclusion->ending = decide_ending(record, conclusion->outcome);
	conclusion->killed = count_killed(record, conclusion);
	conclusion->victim = decide_victim(record, conclusion);
	conclusion->scope = run_scope_decide(record, conclusion);
	conclusion->constraint = run_scope_constraint(record, conclusion);
	checks_make(record, conclusion);
	conclusion->verdict = decide_verdict(record, conclusion);
}

void conclusion_release(struct conclusion *c)
{
	for (size_t i = 0; i < c->check_count; i++) {
		free(c->checks[i].what);
		free(c->checks[i].expected);
		free(c->checks[i].found);
	}
	for (size_t i = 0; i < c->cause_evidence_count; i++)
		free(c->cause_evidence[i]);
	free(c->checks);
	free(c->cause_evidence);
	kills_free(c->kills);
	*c = (struct conclusion){0};
}

static int own_status(const struct record *r, const struct conclusion *c)
{
	const struct record_process_end *end = record_target_end(r);

	if (r->watchdog == WATCHDOG_INTERRUPT)
		return 130;
	if (end && is_known(end->exit_status))
		return (int)(end->exit_status & 0xff);
	if (end && is_known(end->signal))
		return 128 + (int)(end->signal & 0x7f);
	return c->outcome == OUTCOME_OOM_KILLED ? 137 : EXIT_LAB_BROKEN;
}

int conclusion_exit_status(const struct record *record, const struct conclusion *conclusion)
{
	switch (conclusion->verdict) {
	case VERDICT_PASS:
		return EXIT_OK;
	case VERDICT_FAIL:
		return EXIT_FAILED;
	case VERDICT_SKIP: /* of a plain command any other status would be its own */
		return record->spec.name || record->spec.has_expect ? EXIT_SKIP : EXIT_LAB_BROKEN;
	case VERDICT_BROKEN:
		return EXIT_LAB_BROKEN;
	case VERDICT_NONE:
		break;
	}
	return own_status(record, conclusion);
}
