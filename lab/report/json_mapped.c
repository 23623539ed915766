/* Address space of report.json: touched_by[] of arenas[], and reservations[]. */
#include "report/json.h"

#include <string.h>

#include "report/json_put.h"
#include "report/mapped.h"

enum { RESERVATIONS_MAX = 200, TOUCHERS_MAX = 20 };

static void put_place(json_t *object, const struct touch_line *line)
{
	json_put_text(object, "function", line->function);
	json_put_text(object, "file", line->file);
	json_put_number(object, "line", line->line_number ? line->line_number : ABSENT);
	json_put_text(object, "module", line->module);
}

static void put_touches(json_t *object, const struct mapped *m)
{
	json_t *array = json_array();

	for (size_t i = 0; i < m->touches.count && i < TOUCHERS_MAX; i++) {
		const struct touch_line *line = &m->touches.lines[i];
		json_t *toucher = json_object();

		put_place(toucher, line);
		json_put_number(toucher, "bytes", line->bytes);
		json_put_text(toucher, "kind", touch_kind_names[line->kind]);
		json_array_append_new(array, toucher);
	}
	json_put_number(object, "first_touch_ns", m->first_ns);
	json_put_number(object, "last_touch_ns", m->last_ns);
	json_object_set_new(object, "touched_by", array);
}

/* arenas[] is in the order of the record. */
static void put_arenas(const struct record *r, const struct mapped_list *list, json_t *arenas)
{
	for (size_t i = 0; i < r->arena_count; i++) {
		const struct mapped *m = mapped_of_arena(list, &r->arenas[i]);

		if (m)
			put_touches(json_array_get(arenas, i), m);
	}
}

static json_t *reservation_json(const struct mapped *m)
{
	json_t *object = json_object();

	json_put_text(object, "source", "kernel");
	json_put_text(object, "what", mapped_what_name(m));
	if (m->is_by_known)
		put_place(object, &m->by);
	if (m->is_requested)
		json_object_set_new(object, "requested_address", json_true());
	json_put_number(object, "calls", m->calls);
	json_put_number(object, "reserved", m->reserved);
	json_put_number(object, "touched", m->touches.total);
	put_touches(object, m);
	return object;
}

void json_put_mapped(json_t *report, const struct facts *f)
{
	json_t *array = json_object_get(report, "reservations");
	struct mapped_list list;

	mapped_gather(f->record, &list);
	put_arenas(f->record, &list, json_object_get(report, "arenas"));
	if (list.count && !array) {
		array = json_array();
		json_object_set_new(report, "reservations", array);
	}
	for (size_t i = 0; i < list.count && i < RESERVATIONS_MAX; i++)
		if (!list.items[i].arena)
			json_array_append_new(array, reservation_json(&list.items[i]));
	mapped_release(&list);
}
