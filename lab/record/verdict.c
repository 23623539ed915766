#include "record/verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "record/checks.h"
#include "record/query.h"

/* memory.high was passed this often before a run counts as held back by it. */
#define MANY_HIGH_EVENTS 10

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

/* v1 counts kills in memory.oom_control. */
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

/* A counter that stood still is no evidence of a kill that something else proves. */
static void cite_rise(struct conclusion *c, const struct record *r, enum counter which)
{
	if (record_delta(record_own_cgroup(r), which) > 0)
		cite_counter(c, r, which);
}

static void cite_kills(struct conclusion *c, const struct record *r, bool of_target)
{
	for (size_t i = 0; i < c->kills->count; i++) {
		const struct kill *kill = &c->kills->items[i];
		const struct record_kmsg *line;

		if (of_target ? !kill->is_target : !kill->child_count)
			continue;
		line = kills_line(r, kill->event.victims[kill->first_own].line);
		if (line)
			cite(c, "kmsg %" PRIu64, line->seq);
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

/* An engine says 137 for SIGKILL, and for a first process that ends with 137 itself. */
static bool may_be_sigkill(const struct record_process_end *end)
{
	return end->signal == 9 || (end->is_engines_word && end->exit_status == 128 + 9);
}

/* Kills that memory.events counted and no kill line of another process accounts for. */
static bool counter_means_target(const struct record *r, const struct conclusion *c)
{
	const struct record_process_end *end = record_target_end(r);
	int64_t delta = record_delta(record_own_cgroup(r), COUNTER_OOM_KILL);
	size_t children = child_kills(c);

	if (!end || !may_be_sigkill(end) || !is_known(delta) || delta <= 0)
		return false;
	if (r->watchdog)
		return false;
	return record_saw_all_kmsg(r) ? !children : delta > (int64_t)children;
}

/*
 * memory.oom.group where the lab shared the cgroup: the record ends with the kill. A rise of
 * oom_kill that the lab still saw is then the end of everything inside.
 */
static bool is_group_killed(const struct record *r, struct conclusion *c)
{
	const struct record_cgroup *own = record_own_cgroup(r);

	if (r->is_complete || record_target_end(r) || !own || own->oom_group != 1)
		return false;
	for (size_t i = 0; i < r->mark_count; i++)
		if (text_starts_with(r->marks[i].name, "oom_kill ")) {
			cite(c, "record line %u", r->marks[i].line);
			cite(c, "memory.oom.group 1");
			return true;
		}
	return false;
}

static bool is_target_oom_killed(const struct record *r, struct conclusion *c)
{
	bool proven;

	if (record_target_end(r) && !record_target_got_sigkill(r))
		return false;
	cite_kills(c, r, true);
	proven = cite_mark_victims(c, r);
	proven = has_target_kill(c) || proven;
	proven = is_group_killed(r, c) || proven; /* each may cite */
	if (!proven && !counter_means_target(r, c))
		return false;
	cite_rise(c, r, COUNTER_OOM_KILL);
	cite_end(c, r);
	return true;
}

static bool is_child_oom_killed(const struct record *r, struct conclusion *c)
{
	int64_t delta = record_delta(record_own_cgroup(r), COUNTER_OOM_KILL);

	if (!child_kills(c) && (!is_known(delta) || delta <= 0))
		return false;
	cite_kills(c, r, false);
	cite_rise(c, r, COUNTER_OOM_KILL);
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

/* A program that was refused memory, coped and ended with 0 has survived. */
static bool is_refused(const struct record *r, struct conclusion *c)
{
	const struct record_process_end *end = record_target_end(r);
	const struct record_arena *arena = refused_arena(r);

	if (is_known(r->refused_errno)) {
		cite(c, "gate refused errno %" PRId64, r->refused_errno);
	} else if (arena && !(end && end->exit_status == 0)) {
		cite(c, "trace %" PRId64 "-%" PRId64, arena->first_record, arena->last_record);
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

	cite(c, "watchdog: %s", r->watchdog);
	if (!strcmp(r->watchdog, "interrupt"))
		return OUTCOME_SIGNALLED;
	if (!strcmp(r->watchdog, "livelock") || c->kills->no_victim ||
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
	if (!is_known(end->signal) && is_child_oom_killed(r, c))
		return OUTCOME_CHILD_OOM_KILLED;
	cite_end(c, r);
	cite_counter(c, r, COUNTER_OOM_KILL);
	if (is_known(end->signal))
		return OUTCOME_SIGNALLED;
	if (!is_known(end->exit_status))
		return OUTCOME_LAB_ERROR;
	return end->exit_status ? OUTCOME_FAILED : OUTCOME_SURVIVED;
}

static enum outcome decide_outcome(const struct record *r, struct conclusion *c)
{
	if (r->skip)
		return OUTCOME_UNSET;
	if (is_target_oom_killed(r, c))
		return OUTCOME_OOM_KILLED;
	if (r->watchdog && !strcmp(r->watchdog, "escape"))
		return OUTCOME_LAB_ERROR;
	if (r->watchdog)
		return stopped_by_watchdog(r, c);
	if (!record_target_end(r) || (r->error && !is_known(r->gate_ns)))
		return OUTCOME_LAB_ERROR;
	return ended_by_itself(r, c);
}

/*
 * v1 counts no OOMs, only kills and charges that failed at the limit: both rose while the peak
 * stood at the limit. With swap off it is the limit of memory and swap together that fails them,
 * and kernels of late do not count that (seen on 6.18).
 */
static bool is_v1_limit_hit(const struct record *r)
{
	const struct record_cgroup *own = record_own_cgroup(r);
	bool is_sampled;
	int64_t peak = record_peak(r, &is_sampled), max, failed = record_delta(own, COUNTER_MAX);
	bool is_swap_off;

	if (r->cgroup_version != 1 || !own || !own->memory_max.is_set || own->memory_max.is_max)
		return false;
	max = (int64_t)own->memory_max.bytes;
	is_swap_off = own->memory_swap_max.is_set && !own->memory_swap_max.is_max &&
		      !own->memory_swap_max.bytes;
	return record_delta(own, COUNTER_OOM_KILL) > 0 && (failed > 0 || is_swap_off) &&
	       is_known(peak) && peak >= max - max / 100;
}

/* Where the log is silent: the level whose own counters rose is the one whose limit was hit. */
static enum scope scope_from_counters(const struct record *r)
{
	if (is_v1_limit_hit(r))
		return SCOPE_OWN;
	for (size_t i = 0; i < r->cgroup_count; i++) {
		const struct record_cgroup *cgroup = &r->cgroups[i];
		int64_t oom = record_delta_local(cgroup, COUNTER_OOM);

		if (is_known(oom) && oom > 0)
			return cgroup->level ? SCOPE_ANCESTOR : SCOPE_OWN;
	}
	return SCOPE_UNKNOWN;
}

static bool is_global_kill(const struct oomlog_event *e)
{
	if (e->scope)
		return !strcmp(e->scope, "global");
	return e->constraint && !strcmp(e->constraint, "NONE") && !e->oom_memcg;
}

static enum scope decide_scope(const struct record *r, const struct conclusion *c)
{
	const struct kill *kill = kills_main(c->kills);
	const char *scope = kill ? kill->event.scope : NULL;

	if (c->victim != VICTIM_SELF && c->victim != VICTIM_CHILD)
		return SCOPE_NONE;
	if (kill && kill->is_inside)
		return SCOPE_OWN;
	if (kill && is_global_kill(&kill->event))
		return SCOPE_GLOBAL;
	if (scope && !strcmp(scope, "cpuset"))
		return SCOPE_CPUSET;
	if (scope && !strcmp(scope, "mempolicy"))
		return SCOPE_MEMPOLICY;
	if (kill && cgroup_is_within(r->cgroup_path, kill->event.oom_memcg))
		return SCOPE_ANCESTOR;
	if (scope && !strcmp(scope, "own"))
		return SCOPE_OWN;
	if (scope && !strcmp(scope, "ancestor"))
		return SCOPE_ANCESTOR;
	return scope_from_counters(r);
}

static enum constraint constraint_named(const char *name)
{
	for (int i = 1; name && i < CONSTRAINT_COUNT; i++)
		if (!strcmp(name, spec_constraint_names[i]))
			return (enum constraint)i;
	return CONSTRAINT_UNSET;
}

/* Headers are rate-limited, kill lines are not: their first words tell a memcg kill as well. */
static enum constraint decide_constraint(const struct record *r, const struct conclusion *c)
{
	const struct kill *kill = kills_main(c->kills);
	const struct record_kmsg *line = NULL;
	enum constraint constraint = constraint_named(kill ? kill->event.constraint : NULL);

	if (constraint || c->scope == SCOPE_NONE)
		return constraint;
	if (kill && kill->first_own < kill->event.victim_count)
		line = kills_line(r, kill->event.victims[kill->first_own].line);
	if (line && text_starts_with(line->text, "Memory cgroup out of memory"))
		return CONSTRAINT_MEMCG;
	return scope_from_counters(r) == SCOPE_UNKNOWN ? CONSTRAINT_UNSET : CONSTRAINT_MEMCG;
}

static enum victim decide_victim(const struct record *r, const struct conclusion *c)
{
	int64_t delta = record_delta(record_own_cgroup(r), COUNTER_OOM_KILL);

	if (c->outcome == OUTCOME_OOM_KILLED)
		return VICTIM_SELF;
	if (child_kills(c) || (is_known(delta) && delta > 0))
		return VICTIM_CHILD;
	return is_known(delta) || record_saw_all_kmsg(r) ? VICTIM_NOBODY : VICTIM_UNSET;
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
	if (r->watchdog && !strcmp(r->watchdog, "interrupt"))
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
	conclusion->victim = decide_victim(record, conclusion);
	conclusion->scope = decide_scope(record, conclusion);
	conclusion->constraint = decide_constraint(record, conclusion);
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

	if (r->watchdog && !strcmp(r->watchdog, "interrupt"))
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
	case VERDICT_SKIP:
		return EXIT_SKIP;
	case VERDICT_BROKEN:
		return EXIT_LAB_BROKEN;
	case VERDICT_NONE:
		break;
	}
	return own_status(record, conclusion);
}
