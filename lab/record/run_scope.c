#include "record/run_scope.h"

#include <string.h>

#include "base/text.h"
#include "record/query.h"

/*
 * Cgroup v1 counts no OOMs, only kills and charges that failed at the limit: the limit was hit if
 * both rose and the peak came up to it. With swap off charges fail at the limit of memory and swap
 * together, which recent kernels do not count (seen on 6.18).
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

/* Without the log: the limit that was hit is that of the level whose local counter rose. */
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
		return e->scope == SCOPE_GLOBAL;
	return e->constraint && !strcmp(e->constraint, "NONE") && !e->oom_memcg;
}

/* The cgroup's own counters say that its limit was hit and that processes were killed for it. */
static bool is_limit_of(const struct record *r, const char *path)
{
	const struct record_cgroup_seen *seen = record_cgroup_seen(r, path);
	int64_t met;

	if (!seen || seen->memory_max.is_max)
		return false;
	met = r->cgroup_version == 1 ? seen->all.value[COUNTER_MAX]
				     : seen->local.value[COUNTER_OOM];
	return is_known(met) && met > 0 && seen->all.value[COUNTER_OOM_KILL] > 0;
}

enum scope run_scope_decide(const struct record *r, const struct conclusion *c)
{
	const struct kill *kill = kills_main(c->kills);
	enum scope scope = kill ? kill->event.scope : SCOPE_NONE;

	if (c->victim != VICTIM_SELF && c->victim != VICTIM_CHILD)
		return SCOPE_NONE;
	if (kill && kill->is_inside)
		return SCOPE_OWN;
	if (kill && is_global_kill(&kill->event))
		return SCOPE_GLOBAL;
	if (scope == SCOPE_CPUSET || scope == SCOPE_MEMPOLICY)
		return scope;
	if (kill && cgroup_is_within(r->cgroup_path, kill->event.oom_memcg))
		return SCOPE_ANCESTOR;
	if (kill && kill->is_outside && kill->event.oom_memcg)
		return SCOPE_OTHER;
	if (kill && kill->left_for)
		return is_limit_of(r, kill->left_for) ? SCOPE_OTHER : SCOPE_UNKNOWN;
	if (scope == SCOPE_OWN || scope == SCOPE_ANCESTOR)
		return scope;
	return scope_from_counters(r);
}

static enum constraint constraint_named(const char *name)
{
	int constraint = text_index(spec_constraint_names, CONSTRAINT_COUNT, name);

	return constraint < 0 ? CONSTRAINT_UNSET : (enum constraint)constraint;
}

/* The kernel limits the rate of its reports, not of kill lines, whose first words tell it, too. */
enum constraint run_scope_constraint(const struct record *r, const struct conclusion *c)
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
