#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "oomlog/oomlog.h"
#include "record/lines.h"
#include "record/load.h"
#include "record/series.h"

/* No run has more of these: further ones are dropped and counted as damaged. */
#define MAX_LEVELS  64
#define MAX_ARENAS  4096
#define MAX_SOURCES 64

const struct record_note load_blank_note = {.count = ABSENT, .t_ns = ABSENT};

/* The record keeps the line, from which the strings of its structs are borrowed. */
static void keep(struct loader *l, const json_t *value)
{
	json_array_append(l->record->lines, (json_t *)value);
}

static int read_note(struct loader *l, const struct field *fields, struct record_note *note)
{
	*note = load_blank_note;
	note->line = l->line;
	if (fields_from_json(fields, l->object, note))
		return -1;
	keep(l, l->object);
	return 0;
}

static void load_argv(struct record *r, const json_t *argv)
{
	size_t count = json_array_size(argv);

	free(r->argv);
	r->argv = xcalloc(count + 1, sizeof(*r->argv));
	r->argc = 0;
	for (size_t i = 0; i < count; i++)
		if (json_is_string(json_array_get(argv, i)))
			r->argv[r->argc++] = json_string_value(json_array_get(argv, i));
}

/*
 * The guest of a VM writes a "run" line with its kernel, the host one with the rest. -1 when the page
 * size is one that no kernel has: the rest was taken.
 */
static int merge_run(struct record *r, const struct record_run *run)
{
	r->id = run->id ? run->id : r->id;
	r->backend = run->backend ? run->backend : r->backend;
	r->kernel = run->kernel ? run->kernel : r->kernel;
	r->machine = run->machine ? run->machine : r->machine;
	r->started_at = run->started_at ? run->started_at : r->started_at;
	r->accelerator = run->accelerator ? run->accelerator : r->accelerator;
	if (run->cgroup_version != ABSENT)
		r->cgroup_version = run->cgroup_version;
	if (run->page_size == ABSENT)
		return 0;
	if (!oomlog_is_page_size(run->page_size))
		return -1;
	r->page_size = run->page_size;
	return 0;
}

static int on_run(struct loader *l)
{
	struct record *r = l->record;
	struct record_run run = {.page_size = ABSENT, .cgroup_version = ABSENT};

	if (fields_from_json(fields_run, l->object, &run))
		return -1;
	keep(l, l->object);
	if (json_object_get(l->object, "argv"))
		load_argv(r, json_object_get(l->object, "argv"));
	l->closes |= run.last_line && !strcmp(run.last_line, RECORD_CLOSED);
	l->has_run = true;
	return merge_run(r, &run);
}

static int on_spec(struct loader *l)
{
	struct err err = ERR_INIT;
	struct spec spec;

	if (spec_from_json(l->object, "the record", &spec, &err) < 0) {
		spec_release(&spec);
		return -1;
	}
	spec_release(&l->record->spec);
	l->record->spec = spec;
	return 0;
}

static int on_setting(struct loader *l)
{
	struct line_setting setting;

	if (fields_from_json(fields_setting, l->object, &setting))
		return -1;
	return json_object_set(l->record->settings, setting.name,
			       json_object_get(l->object, "value"));
}

static void counters_clear(struct record_counters *counters)
{
	for (int i = 0; i < COUNTER_COUNT; i++)
		counters->value[i] = ABSENT;
}

/* The cgroup of that level, made if it is new; NULL when the level is absurd. */
static struct record_cgroup *cgroup_at(struct record *r, int level)
{
	struct record_cgroup *cgroup;

	for (size_t i = 0; i < r->cgroup_count; i++)
		if (r->cgroups[i].level == level)
			return &r->cgroups[i];
	if (level >= MAX_LEVELS)
		return NULL;
	cgroup = PUSH(r, cgroups, cgroup_count);
	cgroup->level = level;
	cgroup->oom_group = ABSENT;
	counters_clear(&cgroup->before);
	counters_clear(&cgroup->after);
	counters_clear(&cgroup->local_before);
	counters_clear(&cgroup->local_after);
	return cgroup;
}

static int on_cgroup(struct loader *l)
{
	struct record_cgroup read = {0}, *cgroup;

	if (fields_from_json(fields_cgroup, l->object, &read))
		return -1;
	cgroup = cgroup_at(l->record, read.level);
	if (!cgroup)
		return -1;
	keep(l, l->object);
	cgroup->path = read.path;
	cgroup->memory_max = read.memory_max;
	cgroup->memory_high = read.memory_high;
	cgroup->memory_swap_max = read.memory_swap_max;
	cgroup->oom_group = read.oom_group;
	cgroup->limits_line = l->line;
	return 0;
}

static int on_counters(struct loader *l)
{
	struct line_counters read;
	struct record_cgroup *cgroup;
	bool is_before;

	if (fields_from_json(fields_counters, l->object, &read))
		return -1;
	is_before = read.when == MOMENT_BEFORE;
	cgroup = cgroup_at(l->record, read.level);
	if (!cgroup)
		return -1;
	*(is_before ? &cgroup->before : &cgroup->after) = read.all;
	*(is_before ? &cgroup->local_before : &cgroup->local_after) = read.local;
	cgroup->line = l->line;
	return 0;
}

static int on_source(struct loader *l)
{
	struct record *r = l->record;
	struct record_source read = {.line = l->line}, *source = NULL;

	if (fields_from_json(fields_source, l->object, &read))
		return -1;
	keep(l, l->object);
	for (size_t i = 0; i < r->source_count && !source; i++)
		if (!strcmp(r->sources[i].name, read.name))
			source = &r->sources[i];
	if (!source && r->source_count >= MAX_SOURCES)
		return -1;
	if (!source)
		source = PUSH(r, sources, source_count);
	*source = read;
	return 0;
}

static int on_start(struct loader *l)
{
	struct line_start read;

	if (fields_from_json(fields_start, l->object, &read))
		return -1;
	keep(l, l->object);
	l->record->start_ns = read.t_ns;
	l->record->target_pid = read.pid;
	l->record->cgroup_path = read.cgroup_path;
	return 0;
}

static int on_gate(struct loader *l)
{
	struct record_note read;

	if (fields_from_json(fields_gate, l->object, &read))
		return -1;
	l->record->gate_ns = read.t_ns;
	return 0;
}

static int on_refused(struct loader *l)
{
	struct line_refused read;

	if (fields_from_json(fields_refused, l->object, &read))
		return -1;
	keep(l, l->object);
	l->record->refused_errno = read.errno_value;
	l->record->refused_bytes = read.bytes;
	l->record->refused_what = read.what;
	l->record->refused_line = l->line;
	return 0;
}

static int on_arena(struct loader *l)
{
	struct record *r = l->record;
	struct record_arena read = {.line = l->line}, *arena = NULL;

	if (fields_from_json(fields_arena, l->object, &read))
		return -1;
	for (size_t i = 0; i < r->arena_count && !arena; i++)
		if (r->arenas[i].id == read.id && r->arenas[i].pid == read.pid)
			arena = &r->arenas[i];
	if (!arena && r->arena_count >= MAX_ARENAS)
		return -1;
	keep(l, l->object);
	if (!arena)
		arena = PUSH(r, arenas, arena_count);
	*arena = read;
	return 0;
}

static int on_watchdog(struct loader *l)
{
	struct line_watchdog read;

	if (fields_from_json(fields_watchdog, l->object, &read))
		return -1;
	l->record->watchdog = read.why;
	l->record->watchdog_line = l->line;
	return 0;
}

/* If the launcher did not read the counter at the end, the guardian's value counts. */
static void take_guardians_count(struct record *r)
{
	struct record_cgroup *own = cgroup_at(r, 0);

	if (own && r->guardian.oom_kill != ABSENT && own->after.value[COUNTER_OOM_KILL] == ABSENT)
		own->after.value[COUNTER_OOM_KILL] = r->guardian.oom_kill;
}

static int on_guardian(struct loader *l)
{
	struct record_guardian read = {.line = l->line};

	if (fields_from_json(fields_guardian, l->object, &read))
		return -1;
	l->record->guardian = read;
	take_guardians_count(l->record);
	return 0;
}

static int on_residue(struct loader *l)
{
	struct record_note read;

	if (read_note(l, fields_residue, &read))
		return -1;
	l->record->residue_bytes = read.count;
	l->record->residue_line = read.line;
	return 0;
}

static int on_error_line(struct loader *l)
{
	struct record_note read;

	if (read_note(l, fields_note, &read))
		return -1;
	l->record->error = read.text;
	l->record->error_line = read.line;
	return 0;
}

static int on_panic(struct loader *l)
{
	struct record_note read;

	if (read_note(l, fields_note, &read))
		return -1;
	l->record->panic = read.text;
	l->record->panic_line = read.line;
	return 0;
}

static int on_skip(struct loader *l)
{
	struct record_note read;

	if (read_note(l, fields_note, &read))
		return -1;
	l->record->skip = read.text;
	return 0;
}

static int load_engine(struct loader *l, const struct field *fields)
{
	if (fields_from_json(fields, l->object, &l->record->engine))
		return -1;
	keep(l, l->object);
	l->record->engine.line = l->line;
	return 0;
}

static int on_engine(struct loader *l)
{
	return load_engine(l, fields_engine);
}

static int on_engine_end(struct loader *l)
{
	return load_engine(l, fields_engine_end);
}

static int on_twin(struct loader *l)
{
	struct record_twin read = {.line = l->line};

	if (fields_from_json(fields_twin, l->object, &read))
		return -1;
	keep(l, l->object);
	l->record->twin = read;
	return 0;
}

static int on_isolation(struct loader *l)
{
	struct record_isolation read = {.line = l->line};

	if (fields_from_json(fields_isolation, l->object, &read))
		return -1;
	keep(l, l->object);
	l->record->isolation = read;
	return 0;
}

static int on_end(struct loader *l)
{
	struct record_note read;

	if (read_note(l, fields_end, &read))
		return -1;
	l->record->end_ns = read.t_ns;
	l->record->is_complete = true;
	return 0;
}

static int on_closed(struct loader *l)
{
	struct record_note read;

	if (read_note(l, fields_closed, &read))
		return -1;
	l->is_closed = true;
	if (read.count >= l->line)
		l->missing = read.count - l->line + 1;
	return 0;
}

load_fn *load_find(const char *ev)
{
	static const struct {
		const char *ev;
		load_fn *load;
	} kinds[] = {
		{"run", on_run},
		{"spec", on_spec},
		{"setting", on_setting},
		{"cgroup", on_cgroup},
		{"counters", on_counters},
		{"source", on_source},
		{"start", on_start},
		{"gate", on_gate},
		{"refused", on_refused},
		{"arena", on_arena},
		{"watchdog", on_watchdog},
		{"residue", on_residue},
		{"engine", on_engine},
		{"engine_end", on_engine_end},
		{"error", on_error_line},
		{"panic", on_panic},
		{"skip", on_skip},
		{"end", on_end},
		{RECORD_CLOSED, on_closed},
		{"guardian", on_guardian},
		{"twin", on_twin},
		{"isolation", on_isolation},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(ev, kinds[i].ev))
			return kinds[i].load;
	return NULL;
}
