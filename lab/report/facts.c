#include "report/facts.h"

#include <string.h>

#include "report/budget.h"

/* Unfinished eager clearing comes first, then a refused arena, then the target's; then size. */
static int64_t rank_of(const struct record_arena *a, int64_t target_pid)
{
	int64_t size = or_zero(a->reserved);
	int64_t rank = 0;

	if (is_known(a->clear_target) && is_known(a->cleared) && a->cleared < a->clear_target)
		rank = 3;
	else if (is_known(a->refused_errno) && a->refused_errno)
		rank = 2;
	else if (is_known(a->pid) && a->pid == target_pid)
		rank = 1;
	return (rank << 60) + (size >> 2);
}

static const struct record_arena *pick_arena(const struct record *r)
{
	const struct record_arena *best = NULL;

	for (size_t i = 0; i < r->arena_count; i++)
		if (!best || rank_of(&r->arenas[i], r->target_pid) > rank_of(best, r->target_pid))
			best = &r->arenas[i];
	return best;
}

static int64_t limit_of(const struct record_cgroup *cgroup)
{
	if (!cgroup || !cgroup->memory_max.is_set || cgroup->memory_max.is_max ||
	    cgroup->memory_max.bytes > INT64_MAX / 8)
		return ABSENT;
	return (int64_t)cgroup->memory_max.bytes;
}

/* The cgroup with the lowest limit, from the run's own upwards; the nearest of equals. */
static const struct record_cgroup *tightest(const struct record *r)
{
	const struct record_cgroup *best = NULL;

	for (size_t i = 0; i < r->cgroup_count; i++)
		if (is_known(limit_of(&r->cgroups[i])) &&
		    (!best || limit_of(&r->cgroups[i]) < limit_of(best)))
			best = &r->cgroups[i];
	return best;
}

static const struct record_cgroup *cgroup_of_path(const struct record *r, const char *path)
{
	for (size_t i = 0; path && i < r->cgroup_count; i++)
		if (r->cgroups[i].path && !strcmp(r->cgroups[i].path, path))
			return &r->cgroups[i];
	return NULL;
}

static const struct oomlog_victim *find_victim(const struct facts *f, const struct kill *kill)
{
	const struct oomlog_event *e = &kill->event;

	for (size_t i = 0; kill->is_target && i < e->victim_count; i++)
		if (e->victims[i].pid == f->record->target_pid)
			return &e->victims[i];
	if (f->chosen && kills_is_of_run(f->record, f->conclusion->kills, e, kill->chosen))
		return f->chosen;
	return &e->victims[kill->first_own];
}

static void gather_kill(struct facts *f)
{
	const struct kill *kill = kills_main(f->conclusion->kills);
	const struct oomlog_event *e;

	f->kill = kill;
	f->kill_ns = ABSENT;
	if (!kill)
		return;
	e = &kill->event;
	if (e->group_kill && kill->chosen < e->victim_count)
		f->chosen = &e->victims[kill->chosen];
	f->victim = find_victim(f, kill);
	f->kill_line = kills_line(f->record, f->victim->line);
	f->invoked_line = kills_line(f->record, e->lines.invoked);
	f->summary_line = kills_line(f->record, e->lines.summary);
	f->limit_line = kills_line(f->record, e->lines.limit);
	if (f->kill_line)
		f->kill_ns = f->kill_line->t_ns;
}

static bool is_reasonable_limit(int64_t bytes)
{
	return is_known(bytes) && bytes > 0 && bytes < INT64_C(1) << 60;
}

/* The log names the cgroup whose limit was hit. Inside a cgroup namespace names say nothing. */
static bool names_limit(const struct record *r, const struct oomlog_event *e)
{
	return e && e->oom_memcg && r->cgroup_path && strcmp(r->cgroup_path, "/") != 0;
}

static void gather_limit(struct facts *f)
{
	const struct oomlog_event *e = f->kill ? &f->kill->event : NULL;

	f->limit = cgroup_of_path(f->record, e ? e->oom_memcg : NULL);
	if (e && e->oom_memcg)
		f->limit_seen = record_cgroup_seen(f->record, e->oom_memcg);
	else if (f->kill && f->conclusion->scope == SCOPE_OTHER)
		f->limit_seen = record_cgroup_seen(f->record, f->kill->left_for);
	if (!f->limit && !names_limit(f->record, e) && f->conclusion->scope != SCOPE_ANCESTOR &&
	    f->conclusion->scope != SCOPE_GLOBAL && f->conclusion->scope != SCOPE_OTHER)
		f->limit = tightest(f->record);
	f->limit_bytes = limit_of(f->limit);
	if (f->limit_seen && f->limit_seen->memory_max.is_set && !f->limit_seen->memory_max.is_max)
		f->limit_bytes = (int64_t)f->limit_seen->memory_max.bytes;
	if (e && is_reasonable_limit(e->limit_bytes))
		f->limit_bytes = e->limit_bytes;
}

void facts_gather(const struct record *record, const struct conclusion *conclusion, struct facts *f)
{
	const struct record_sample *peak;

	*f = (struct facts){.record = record, .conclusion = conclusion};
	f->end = record_target_end(record);
	f->own = record_own_cgroup(record);
	f->arena = pick_arena(record);
	f->init_site = f->arena ? record_site_at(record, f->arena->init_site) : NULL;
	f->clear_site = f->arena ? record_site_at(record, f->arena->clear_site) : NULL;
	f->peak = record_peak(record, &f->is_peak_sampled);
	gather_kill(f);
	gather_limit(f);
	if (conclusion->outcome == OUTCOME_OOM_KILLED ||
	    conclusion->outcome == OUTCOME_CHILD_OOM_KILLED)
		budget_at_kill(f, &f->at_kill);
	record_max(record, METRIC_CURRENT, &peak);
	if (peak)
		budget_from_sample(f, peak, &f->at_peak);
}

const char *facts_target_name(const struct facts *f)
{
	const struct record *r = f->record;
	const char *slash;

	if (r->spec.name)
		return r->spec.name;
	if (!r->argc)
		return "the program";
	slash = strrchr(r->argv[0], '/');
	return slash && slash[1] ? slash + 1 : r->argv[0];
}

bool facts_engine_agrees(const struct facts *f)
{
	bool was_killed = f->conclusion->outcome == OUTCOME_OOM_KILLED ||
			  f->conclusion->outcome == OUTCOME_CHILD_OOM_KILLED;

	return was_killed == (f->record->engine.oom_killed == 1);
}

int64_t facts_duration_ns(const struct facts *f)
{
	const struct record *r = f->record;
	int64_t end = f->end && is_known(f->end->t_ns) ? f->end->t_ns : r->end_ns;
	int64_t start = is_known(r->gate_ns) ? r->gate_ns : r->start_ns;

	return is_known(start) && is_known(end) && end >= start ? end - start : ABSENT;
}
