#include "record/checks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/query.h"

static struct check *add(struct conclusion *c, const char *what)
{
	struct check *check;

	c->checks = xrealloc(c->checks, c->check_count + 1, sizeof(*c->checks));
	check = &c->checks[c->check_count++];
	*check = (struct check){.what = xstrdup(what), .is_known = true};
	return check;
}

static void add_words(struct conclusion *c, const char *what, const char *expected,
		      const char *found, bool is_known)
{
	struct check *check = add(c, what);

	check->expected = xstrdup(expected);
	check->found = xstrdup(is_known ? found : "not known");
	check->is_known = is_known;
	check->ok = is_known && !strcmp(expected, found);
}

typedef char *say_fn(uint64_t value);

static char *say_count(uint64_t value)
{
	return text_format("%" PRIu64, value);
}

static char *say_bytes(uint64_t value)
{
	return text_format("%s", TEXT_SIZE(value));
}

static char *say_kib(uint64_t value)
{
	return text_format("%" PRIu64 " KiB", value / 1024);
}

static char *say_range(const struct range *range, say_fn *say)
{
	char *min = say(range->min), *max = say(range->max), *text;

	if (range->min == range->max)
		text = text_format("%s", min);
	else if (range->max == UINT64_MAX)
		text = text_format("at least %s", min);
	else if (!range->min)
		text = text_format("at most %s", max);
	else
		text = text_format("%s to %s", min, max);
	free(min);
	free(max);
	return text;
}

static void add_range(struct conclusion *c, const char *what, const struct range *range,
		      int64_t found, say_fn *say)
{
	struct check *check;

	if (!range->is_set)
		return;
	check = add(c, what);
	check->expected = say_range(range, say);
	check->is_known = is_known(found);
	check->found = check->is_known ? say((uint64_t)found) : xstrdup("not known");
	check->ok = check->is_known && (uint64_t)found >= range->min &&
		    (uint64_t)found <= range->max;
}

/* Compares a figure of the last checkpoint that the target reached. */
static void add_checkpoint(struct conclusion *c, const char *what, const struct range *range,
			   const struct record_checkpoint *at, int64_t found)
{
	_cleanup_free_ char *where = at ? text_format("%s, %s", what, at->name)
					: text_format("%s at the checkpoint", what);

	add_range(c, where, range, found, say_kib);
}

/* The name of the counter of kills: the file that it was read from, as in evidence. */
static const char *kills_name(const struct record *record)
{
	return record->cgroup_version == 1 ? "memory.oom_control oom_kill"
					   : "memory.events oom_kill";
}

static void add_peak(const struct record *record, const struct range *range, struct conclusion *c)
{
	bool is_v1 = record->cgroup_version == 1, is_sampled;
	int64_t peak = record_peak(record, &is_sampled);
	const char *what = is_v1 ? "memory.max_usage_in_bytes" : "memory.peak";

	if (is_sampled && is_known(peak))
		what = is_v1 ? "memory.usage_in_bytes, highest seen"
			     : "memory.current, highest seen";
	add_range(c, what, range, peak, say_bytes);
}

/*
 * A command failed that was expected to be refused memory, and nothing was there that sees its
 * calls fail: neither the arena's trace nor --preload.
 */
static bool is_refusal_unseen(const struct record *r, const struct conclusion *c)
{
	if (r->spec.expect.outcome != OUTCOME_REFUSED || r->spec.name || r->arena_count ||
	    (c->outcome != OUTCOME_FAILED && c->outcome != OUTCOME_SIGNALLED))
		return false;
	for (size_t i = 0; i < r->source_count; i++)
		if (!strcmp(r->sources[i].name, "preload") && r->sources[i].is_open)
			return false;
	return true;
}

const char *checks_hint(const struct record *record, const struct conclusion *c)
{
	for (size_t i = 0; i < record->source_count; i++)
		if (!strcmp(record->sources[i].name, "preload"))
			return NULL; /* and why it was not open is told */
	return is_refusal_unseen(record, c)
		       ? "whether a command's calls are refused memory is seen only with --preload, of a dynamic program"
		       : NULL;
}

/* Where a kill may have gone unseen, an outcome without a kill is not known. */
static bool is_outcome_known(const struct record *record, const struct conclusion *c)
{
	if (c->outcome == OUTCOME_OOM_KILLED || c->outcome == OUTCOME_CHILD_OOM_KILLED ||
	    c->outcome == OUTCOME_LIVELOCKED || c->outcome == OUTCOME_PANICKED ||
	    c->outcome == OUTCOME_LAB_ERROR)
		return true;
	if (is_refusal_unseen(record, c))
		return false;
	return c->outcome && kills_are_ruled_out(record, c->kills);
}

/* The log and the counters agree on who was killed, and nothing was left out. */
static bool are_victims_known(const struct record *record, const struct conclusion *c)
{
	const struct kills *k = c->kills;

	return k && !k->dropped && !k->missing && !k->unknown &&
	       (k->victims || kills_are_ruled_out(record, k));
}

static bool is_counted_before(const struct oomlog_event *event, size_t victim)
{
	for (size_t i = 0; i < victim; i++)
		if (event->victims[i].pid == event->victims[victim].pid)
			return true;
	return false;
}

/* Processes of the run of that name that were killed; a group kill may log one twice. */
static int64_t killed_of_name(const struct record *record, const struct kills *kills,
			      const char *comm)
{
	int64_t count = 0;

	for (size_t i = 0; i < kills->count; i++) {
		const struct oomlog_event *event = &kills->items[i].event;

		for (size_t v = 0; v < event->victim_count; v++)
			count += event->victims[v].comm && !strcmp(event->victims[v].comm, comm) &&
				 kills_is_of_run(record, kills, event, v) &&
				 !is_counted_before(event, v);
	}
	return count;
}

static void add_victims(const struct record *record, struct conclusion *c)
{
	const struct expect_victim *v = record->spec.expect.victims;

	for (; v && v->comm; v++) {
		_cleanup_free_ char *what = text_format("killed, of name %s", v->comm);
		bool is_known = are_victims_known(record, c);

		add_range(c, what, &v->count,
			  is_known ? killed_of_name(record, c->kills, v->comm) : ABSENT, say_count);
	}
}

static const struct record_cgroup_seen *node_seen(const struct record *record, const char *node)
{
	const struct record_cgroup *own = record_own_cgroup(record);
	_cleanup_free_ char *path = own ? text_format("%s/%s", own->path, node) : NULL;

	for (size_t i = 0; path && i < record->cgroup_seen_count; i++)
		if (!strcmp(record->cgroups_seen[i].path, path))
			return &record->cgroups_seen[i];
	return NULL;
}

static void add_nodes(const struct record *record, struct conclusion *c)
{
	const struct expect_node *n = record->spec.expect.nodes;

	for (; n && n->node; n++) {
		const struct record_cgroup_seen *seen = node_seen(record, n->node);
		int counter = text_index(record_counter_names, COUNTER_COUNT, n->counter);
		_cleanup_free_ char *what =
			text_format("%s: memory.events.local %s", n->node, n->counter);

		add_range(c, what, &n->count,
			  seen && counter >= 0 ? seen->local.value[counter] : ABSENT, say_count);
	}
}

static void add_scope(const struct record *record, struct conclusion *c)
{
	const char *expected = record->spec.expect.scope;

	if (expected)
		add_words(c, "scope", expected, c->scope ? scope_names[c->scope] : "no kill",
			  c->scope != SCOPE_UNKNOWN && (c->scope || c->victim == VICTIM_NOBODY));
}

void checks_make(const struct record *record, struct conclusion *c)
{
	const struct expect *expect = &record->spec.expect;
	const struct record_checkpoint *last =
		record->checkpoint_count ? &record->checkpoints[record->checkpoint_count - 1]
					 : NULL;

	if (!record->spec.has_expect || record->skip)
		return;
	if (expect->outcome)
		add_words(c, "outcome", spec_outcome_names[expect->outcome],
			  c->outcome ? spec_outcome_names[c->outcome] : "",
			  is_outcome_known(record, c));
	if (expect->constraint)
		add_words(c, "constraint", spec_constraint_names[expect->constraint],
			  c->constraint ? spec_constraint_names[c->constraint] : "no kill",
			  c->constraint || c->victim == VICTIM_NOBODY);
	if (expect->victim)
		add_words(c, "victim", spec_victim_names[expect->victim],
			  spec_victim_names[c->victim], c->victim);
	add_range(c, kills_name(record), &expect->oom_kill,
		  record_delta(record_own_cgroup(record), COUNTER_OOM_KILL), say_count);
	add_range(c, "memory.events oom_group_kill", &expect->oom_group_kill,
		  record_delta(record_own_cgroup(record), COUNTER_OOM_GROUP_KILL), say_count);
	add_scope(record, c);
	add_victims(record, c);
	add_nodes(record, c);
	add_peak(record, &expect->peak_bytes, c);
	add_checkpoint(c, "VSZ", &expect->vsz_bytes, last, last ? last->vsz_bytes : ABSENT);
	add_checkpoint(c, "RSS", &expect->rss_bytes, last, last ? last->rss_bytes : ABSENT);
}
