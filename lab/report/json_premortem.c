/* The member "premortem" of report.json. */
#include <string.h>

#include "base/cleanup.h"
#include "report/json.h"
#include "report/json_put.h"
#include "report/premortem_view.h"

static json_t *stack_json(const struct touch_frames *frames, const char *stack)
{
	json_t *array = json_array();

	for (const char *at = stack; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " "), levels = touch_levels(frames, at, len);

		for (size_t level = 0; level < levels; level++) {
			_cleanup_free_ char *name = touch_level_name(frames, at, len, level);

			json_array_append_new(array, record_string(name));
		}
		at += len;
	}
	return array;
}

static json_t *thread_json(const struct touch_frames *frames, const struct premortem_thread *t)
{
	json_t *object = json_object();
	struct touch_line line = {0};

	json_put_number(object, "pid", t->pid);
	json_put_number(object, "tid", t->tid);
	json_put_text(object, "comm", t->comm);
	json_put_number(object, "syscall", t->syscall);
	json_object_set_new(object, "running", json_boolean(t->is_running));
	if (!t->stack)
		return object;
	touch_blame(frames, t->stack, &line);
	json_put_text(object, "function", line.function);
	json_put_text(object, "file", line.file);
	json_put_number(object, "line", line.line_number ? line.line_number : ABSENT);
	json_object_set_new(object, "registers", json_string(t->is_whole ? "all" : "sp, pc"));
	json_object_set_new(object, "stack", stack_json(frames, t->stack));
	return object;
}

static json_t *threads_json(const struct record *r)
{
	json_t *array = json_array();
	struct touch_frames frames;

	touch_frames_init(&frames, r);
	for (size_t i = 0; i < r->premortem->thread_count; i++)
		json_array_append_new(array, thread_json(&frames, &r->premortem->threads[i]));
	touch_frames_release(&frames);
	return array;
}

static json_t *processes_json(const struct record_premortem *p)
{
	json_t *array = json_array();

	for (size_t i = 0; i < p->process_count; i++) {
		json_t *object = json_object();

		json_put_number(object, "pid", p->processes[i].pid);
		json_put_text(object, "comm", p->processes[i].comm);
		json_put_number(object, "threads", p->processes[i].threads);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *mappings_json(const struct record_premortem *p)
{
	json_t *array = json_array();

	for (size_t i = 0; i < p->mapping_count; i++) {
		const struct premortem_mapping *m = &p->mappings[i];
		_cleanup_free_ char *what = premortem_mapping_name(m);
		json_t *object = json_object();

		json_put_number(object, "pid", m->pid);
		json_put_text(object, "what", what);
		json_put_text(object, "name", m->name);
		json_put_text(object, "arena", m->arena);
		json_put_number(object, "arena_id", m->arena_id);
		json_put_number(object, "mappings", m->mappings);
		json_put_number(object, "start", m->start);
		json_put_number(object, "size", m->size);
		json_put_number(object, "rss", m->rss);
		json_put_number(object, "anon", m->anon);
		json_put_number(object, "anon_huge", m->huge);
		json_put_number(object, "swap", m->swap);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *files_json(const struct record_premortem *p)
{
	json_t *array = json_array();

	for (size_t i = 0; i < p->file_count; i++) {
		json_t *object = json_object();

		json_put_number(object, "pid", p->files[i].pid);
		json_put_number(object, "fd", p->files[i].fd);
		json_put_text(object, "name", p->files[i].name);
		json_put_number(object, "size", p->files[i].size);
		json_put_number(object, "resident", p->files[i].resident);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *memory_of(const struct record_premortem *p)
{
	json_t *object = json_object();

	for (int i = 0; i < METRIC_COUNT; i++)
		json_put_number(object, record_metric_names[i], p->value[i]);
	return object;
}

static void put_look(const struct facts *f, json_t *object)
{
	const struct record_premortem *p = f->record->premortem;
	json_t *arenas = json_array(), *left = json_object();

	json_put_number(object, "t_ns", p->t_ns);
	json_object_set_new(object, "frozen", json_boolean(p->is_frozen));
	json_put_number(object, "wait_ns", p->wait_ns);
	if (is_known(p->thaw_ns))
		json_put_number(object, "held_ns", p->thaw_ns - p->t_ns);
	json_put_number(object, "before_kill_ns", premortem_lead_ns(f));
	json_object_set_new(object, "memory", memory_of(p));
	json_object_set_new(object, "processes", processes_json(p));
	json_object_set_new(object, "threads", threads_json(f->record));
	json_object_set_new(object, "mappings", mappings_json(p));
	json_object_set_new(object, "files", files_json(p));
	for (size_t i = 0; i < p->arena_count; i++)
		json_array_append_new(arenas, arena_to_json(f, &p->arenas[i]));
	json_object_set_new(object, "arenas", arenas);
	for (size_t i = 0; i < p->left_count; i++)
		json_put_number(left, record_part_names[p->left[i].what], p->left[i].count);
	json_object_set_new(object, "left_out", left);
}

static json_t *core_json(const struct record_premortem *p)
{
	json_t *object = json_object();

	json_put_text(object, "path", p->core);
	json_put_number(object, "bytes", p->core_bytes);
	json_put_text(object, "why", p->core_why);
	return object;
}

json_t *premortem_to_json(const struct facts *f)
{
	const struct record_premortem *p = f->record->premortem;
	json_t *object = json_object();

	json_object_set_new(object, "taken", json_boolean(premortem_was_taken(f->record)));
	json_put_number(object, "percent", p->percent);
	json_put_number(object, "limit", p->limit);
	json_put_number(object, "memory_high", p->high);
	json_put_number(object, "high_events", p->high_events);
	json_put_text(object, "why", p->why);
	if (premortem_was_taken(f->record))
		put_look(f, object);
	if (p->core_line)
		json_object_set_new(object, "core", core_json(p));
	return object;
}
