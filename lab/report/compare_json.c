#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/compare.h"
#include "report/json_put.h"

static const char *const match_names[] = {
	[COMPARE_BOTH] = "both",
	[COMPARE_ONLY_A] = "only_a",
	[COMPARE_ONLY_B] = "only_b",
};

/* Where the memory was, at the kill or at its peak: what each item is called in the reports. */
static json_t *budget_json(const struct compare_side *side)
{
	const struct facts *f = &side->facts;
	const struct budget *budget = f->at_kill.count ? &f->at_kill : &f->at_peak;
	json_t *array = json_array();

	for (size_t i = 0; i < budget->count; i++) {
		json_t *item = json_object();

		json_put_text(item, "what", budget->items[i].label);
		json_put_number(item, "bytes", budget->items[i].bytes);
		json_array_append_new(array, item);
	}
	return array;
}

static json_t *side_json(const struct compare_side *side)
{
	const struct record *r = side->record;
	json_t *o = json_object();

	json_put_text(o, "folder", side->folder);
	json_put_text(o, "id", r->id);
	json_put_text(o, "name", r->spec.name);
	json_put_text(o, "outcome", compare_outcome(side));
	if (side->conclusion->scope)
		json_put_text(o, "scope", scope_names[side->conclusion->scope]);
	json_put_number(o, "limit_bytes", side->facts.limit_bytes);
	json_put_number(o, "peak_bytes", side->facts.peak);
	json_put_number(o, "duration_ns", compare_duration(side));
	json_put_number(o, "oom_kill", record_delta(record_own_cgroup(r), COUNTER_OOM_KILL));
	if (side->conclusion->verdict)
		json_put_text(o, "verdict", verdict_names[side->conclusion->verdict]);
	json_put_number(o, "killed", side->conclusion->killed);
	json_object_set_new(o, "budget", budget_json(side));
	json_object_set_new(o, "is_profiled", json_boolean(side->touches.count > 0));
	json_object_set_new(o, "is_estimate", json_boolean(touches_lack(r) != NULL));
	return o;
}

static json_t *line_json(const struct comparison *c, const struct compare_line *line)
{
	const struct touch_line *at = line->at_b ? line->at_b : line->at_a;
	int64_t change = line->bytes_b - line->bytes_a;
	json_t *o = json_object();

	json_put_text(o, "function", at->function);
	json_put_text(o, "file", at->file);
	json_put_text(o, "module", at->module);
	json_object_set_new(o, "match", json_string(match_names[line->match]));
	if (line->at_a && line->at_a->line_number)
		json_object_set_new(o, "line_a", json_integer(line->at_a->line_number));
	if (line->at_b && line->at_b->line_number)
		json_object_set_new(o, "line_b", json_integer(line->at_b->line_number));
	json_object_set_new(o, "bytes_a", json_integer(line->bytes_a));
	json_object_set_new(o, "bytes_b", json_integer(line->bytes_b));
	json_object_set_new(o, "change_bytes", json_integer(change));
	json_object_set_new(
		o, "is_change",
		json_boolean(llabs(change) > compare_noise(c, line->bytes_a, line->bytes_b)));
	return o;
}

static json_t *setting_json(const struct compare_setting *s)
{
	json_t *o = json_object();

	json_put_text(o, "name", s->name);
	json_put_text(o, "a", s->a);
	json_put_text(o, "b", s->b);
	return o;
}

json_t *compare_json(const struct comparison *c)
{
	json_t *o = json_object(), *lines = json_array(), *settings = json_array();

	for (size_t i = 0; i < c->line_count; i++)
		json_array_append_new(lines, line_json(c, &c->lines[i]));
	for (size_t i = 0; i < c->setting_count; i++)
		json_array_append_new(settings, setting_json(&c->settings[i]));
	json_object_set_new(o, "schema", json_string("oomlab.compare/1"));
	json_object_set_new(o, "a", side_json(&c->a));
	json_object_set_new(o, "b", side_json(&c->b));
	json_object_set_new(o, "is_one_program", json_boolean(c->is_one_program));
	json_object_set_new(o, "settings", settings);
	json_object_set_new(o, "lines", lines);
	return o;
}
