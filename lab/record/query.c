#include "record/query.h"
#include "record/load_before.h"
#include "record/premortem_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct record_cgroup *record_own_cgroup(const struct record *r)
{
	return r->cgroup_count && r->cgroups[0].level == 0 ? &r->cgroups[0] : NULL;
}

const struct record_cgroup_seen *record_cgroup_seen(const struct record *r, const char *path)
{
	for (size_t i = r->cgroup_seen_count; path && i-- > 0;)
		if (!strcmp(r->cgroups_seen[i].path, path))
			return &r->cgroups_seen[i];
	return NULL;
}

static int64_t difference(int64_t before, int64_t after)
{
	return is_known(before) && is_known(after) ? after - before : ABSENT;
}

int64_t record_delta(const struct record_cgroup *cgroup, enum counter which)
{
	return cgroup ? difference(cgroup->before.value[which], cgroup->after.value[which])
		      : ABSENT;
}

int64_t record_delta_local(const struct record_cgroup *cgroup, enum counter which)
{
	return cgroup ? difference(cgroup->local_before.value[which],
				   cgroup->local_after.value[which])
		      : ABSENT;
}

const struct record_process_end *record_target_end(const struct record *r)
{
	for (size_t i = r->end_count; i-- > 0;)
		if (r->ends[i].is_target)
			return &r->ends[i];
	return NULL;
}

bool record_target_got_sigkill(const struct record *r)
{
	const struct record_process_end *end = record_target_end(r);

	return end && (end->signal == 9 || end->exit_status == 128 + 9);
}

/* In a pid namespace the process saw another number: then it is told apart only if it is alone. */
static bool is_of_target(const struct record *r, const struct record_reservation *call)
{
	if (!record_setting(r, "pid_namespace"))
		return is_known(call->pid) && call->pid == r->target_pid;
	for (size_t i = 0; i < r->reservation_count; i++)
		if (r->reservations[i].pid != call->pid)
			return false;
	return true;
}

const struct record_reservation *record_refused_call(const struct record *r)
{
	const struct record_reservation *most = NULL;

	for (size_t i = 0; i < r->reservation_count; i++) {
		const struct record_reservation *call = &r->reservations[i];

		/* Another program that the target was before its exec(). */
		if (call->refused <= 0 || call->ended == PROGRAM_END_EXEC ||
		    !is_known(call->refused_bytes) || !is_of_target(r, call))
			continue;
		if (!most || call->refused_bytes > most->refused_bytes)
			most = call;
	}
	return most;
}

int64_t record_max(const struct record *r, enum metric metric, const struct record_sample **at)
{
	const struct record_sample *best = NULL;

	for (size_t i = 0; i < r->sample_count; i++)
		if (is_known(r->samples[i].value[metric]) &&
		    (!best || r->samples[i].value[metric] > best->value[metric]))
			best = &r->samples[i];
	if (at)
		*at = best;
	return best ? best->value[metric] : ABSENT;
}

const struct record_sample *record_sample_before(const struct record *r, int64_t t_ns,
						 enum metric metric)
{
	const struct record_sample *last = NULL;

	for (size_t i = 0; i < r->sample_count; i++)
		if (is_known(r->samples[i].value[metric]) &&
		    (!is_known(t_ns) || r->samples[i].t_ns <= t_ns) &&
		    (!last || r->samples[i].t_ns >= last->t_ns))
			last = &r->samples[i];
	return last;
}

int64_t record_peak(const struct record *r, bool *is_sampled)
{
	int64_t peak = record_max(r, METRIC_PEAK, NULL);

	*is_sampled = !is_known(peak);
	return *is_sampled ? record_max(r, METRIC_CURRENT, NULL) : peak;
}

int64_t record_high_delta(const struct record *r)
{
	if (r->premortem && r->premortem->armed_line)
		return 0;
	return record_delta(record_own_cgroup(r), COUNTER_HIGH);
}

int64_t record_lost(const struct record *r, enum loss what)
{
	int64_t sum = 0;

	for (size_t i = 0; i < r->lost_count; i++)
		if (r->lost[i].what == what && __builtin_add_overflow(sum, r->lost[i].count, &sum))
			return INT64_MAX;
	return sum;
}

bool record_saw_all_kmsg(const struct record *r)
{
	const struct record_source *kmsg = record_source_named(r, RECORD_SOURCE_KMSG);

	if (!kmsg || !kmsg->is_open || !r->is_complete)
		return false;
	return !record_lost(r, LOSS_KMSG) && !record_lost(r, LOSS_KMSG_FIRST) &&
	       !record_lost(r, LOSS_KMSG_LIMIT);
}

const struct ps_figures *record_ps_figures(const struct record *r)
{
	return r->spec.ps.checkpoint ? &r->spec.ps : load_before_ps(r->spec.name);
}

const struct record_source *record_source_named(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->source_count; i++)
		if (!strcmp(r->sources[i].name, name))
			return &r->sources[i];
	return NULL;
}

const struct record_site *record_site_at(const struct record *r, uint64_t address)
{
	for (size_t i = r->site_count; address && i-- > 0;)
		if (r->sites[i].address == address)
			return &r->sites[i];
	return NULL;
}

const char *record_setting(const struct record *r, const char *name)
{
	return json_string_value(json_object_get(r->settings, name));
}

int64_t record_setting_number(const struct record *r, const char *name)
{
	const char *text = record_setting(r, name);
	char *end;
	long long number;

	if (!text)
		return ABSENT;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (end == text || errno || number < 0 || number > INT64_MAX >> 13)
		return ABSENT;
	while (*end == ' ')
		end++;
	if (!strncmp(end, "kB", 2))
		return number * 1024;
	return *end && *end != '\n' ? ABSENT : number;
}

size_t record_sample_number(const struct record *r, const struct record_sample *sample)
{
	return (size_t)(sample - r->samples) + 1;
}
