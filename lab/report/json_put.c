#include "report/json_put.h"

#include "base/text.h"
#include "record/query.h"

void json_put_number(json_t *object, const char *key, int64_t value)
{
	if (is_known(value))
		json_object_set_new_nocheck(object, key, json_integer(value));
}

void json_put_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, record_string(text));
}

static json_t *site_json(const struct facts *f, uint64_t address)
{
	const struct record_site *site = record_site_at(f->record, address);
	json_t *object;

	if (!address)
		return NULL;
	object = json_pack("{s:I}", "address", (json_int_t)address);
	if (site) {
		json_put_text(object, "function", site->function);
		json_put_text(object, "file", site->file);
		json_put_number(object, "line", site->line_number ? site->line_number : ABSENT);
	}
	return object;
}

json_t *arena_to_json(const struct facts *f, const struct record_arena *a)
{
	json_t *object = json_object(), *init = site_json(f, a->init_site);
	json_t *clear = site_json(f, a->clear_site);

	json_put_text(object, "name", a->name);
	json_put_number(object, "pid", a->pid);
	json_put_text(object, "policy", record_policy_names[a->policy]);
	json_put_text(object, "source", record_origin_names[a->source]);
	json_put_number(object, "reserved", a->reserved);
	json_put_number(object, "committed", a->committed);
	json_put_number(object, "touched", a->touched);
	json_put_number(object, "used", a->used);
	json_put_number(object, "peak", a->peak);
	json_put_number(object, "clear_target", a->clear_target);
	json_put_number(object, "cleared", a->cleared);
	json_put_number(object, "refused_errno", a->refused_errno ? a->refused_errno : ABSENT);
	if (init)
		json_object_set_new(object, "init_site", init);
	if (clear)
		json_object_set_new(object, "clear_site", clear);
	return object;
}
