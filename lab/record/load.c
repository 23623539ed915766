#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "record/lines.h"
#include "record/premortem.h"

/* A record of more than these is a hostile one; the rest is dropped and counted. */
#define MAX_LEVELS  64
#define MAX_ARENAS  4096
#define MAX_SOURCES 64

struct loader {
	struct record *record;
	const json_t *object;
	unsigned int line;
	size_t damaged;
	bool has_run, is_cut;
};

/* The line's strings are borrowed from what is kept here. */
static void keep(struct loader *l, const json_t *value)
{
	json_array_append(l->record->lines, (json_t *)value);
}

/* Room for one more element of `size` bytes, zeroed; grows by doubling. */
static void *push(void *items, size_t *count, size_t size)
{
	char *array, *element;

	memcpy(&array, items, sizeof(array));
	if (!(*count & (*count - 1)))
		array = xrealloc(array, *count ? *count * 2 : 1, size);
	memcpy(items, &array, sizeof(array));
	element = array + *count * size;
	memset(element, 0, size);
	(*count)++;
	return element;
}

#define PUSH(r, items, count) push(&(r)->items, &(r)->count, sizeof(*(r)->items))

static const struct record_note blank_note = {.count = RECORD_ABSENT, .t_ns = RECORD_ABSENT};

static int read_note(struct loader *l, const struct field *fields, struct record_note *note)
{
	*note = blank_note;
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

/* A guest knows its kernel, the host the rest: several "run" lines add up. */
static void merge_run(struct record *r, const struct record_run *run)
{
	r->id = run->id ? run->id : r->id;
	r->backend = run->backend ? run->backend : r->backend;
	r->kernel = run->kernel ? run->kernel : r->kernel;
	r->machine = run->machine ? run->machine : r->machine;
	r->started_at = run->started_at ? run->started_at : r->started_at;
	r->accelerator = run->accelerator ? run->accelerator : r->accelerator;
	if (run->page_size != RECORD_ABSENT)
		r->page_size = run->page_size;
	if (run->cgroup_version != RECORD_ABSENT)
		r->cgroup_version = run->cgroup_version;
}

static int on_run(struct loader *l)
{
	struct record *r = l->record;
	struct record_run run = {.page_size = RECORD_ABSENT, .cgroup_version = RECORD_ABSENT};

	if (fields_from_json(fields_run, l->object, &run))
		return -1;
	keep(l, l->object);
	if (json_object_get(l->object, "argv"))
		load_argv(r, json_object_get(l->object, "argv"));
	merge_run(r, &run);
	l->has_run = true;
	return 0;
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
		counters->value[i] = RECORD_ABSENT;
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
	cgroup->oom_group = RECORD_ABSENT;
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
	is_before = !strcmp(read.when, "before");
	cgroup = cgroup_at(l->record, read.level);
	if (!cgroup || (!is_before && strcmp(read.when, "after")))
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
	struct record_note read;

	if (read_note(l, fields_watchdog, &read))
		return -1;
	l->record->watchdog = read.text;
	l->record->watchdog_line = read.line;
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

static int on_end(struct loader *l)
{
	struct record_note read;

	if (read_note(l, fields_end, &read))
		return -1;
	l->record->end_ns = read.t_ns;
	l->record->is_complete = true;
	return 0;
}

static const struct {
	const char *ev;
	int (*load)(struct loader *l);
} singles[] = {
	{"run", on_run},	   {"spec", on_spec},
	{"setting", on_setting},   {"cgroup", on_cgroup},
	{"counters", on_counters}, {"source", on_source},
	{"start", on_start},	   {"gate", on_gate},
	{"refused", on_refused},   {"arena", on_arena},
	{"watchdog", on_watchdog}, {"residue", on_residue},
	{"engine", on_engine},	   {"engine_end", on_engine_end},
	{"error", on_error_line},  {"skip", on_skip},
	{"end", on_end},
};

/* Kinds whose lines are collected in an array of the record, one element a line. */
struct series {
	const char *ev;
	const struct field *fields;
	const void *blank;		 /* what an element starts as; NULL: zeros */
	size_t items, count, size, line; /* offsets in the record, and in the element */
	const char *kept;		 /* key that holds strings; "": all of it; NULL: none */
};

#define SERIES(name, of, array, counter, start, keeps)                         \
	{                                                                      \
		.ev = #name, .fields = fields_##name, .blank = (start),        \
		.items = offsetof(struct record, array),                       \
		.count = offsetof(struct record, counter), .size = sizeof(of), \
		.line = offsetof(of, line), .kept = (keeps)                    \
	}

static const struct series series[] = {
	SERIES(sample, struct record_sample, samples, sample_count, NULL, NULL),
	SERIES(kmsg, struct record_kmsg, kmsg, kmsg_count, NULL, "text"),
	SERIES(checkpoint, struct record_checkpoint, checkpoints, checkpoint_count, NULL, ""),
	SERIES(exit, struct record_process_end, ends, end_count, NULL, NULL),
	SERIES(site, struct record_site, sites, site_count, NULL, ""),
	SERIES(module, struct record_module, modules, module_count, NULL, "path"),
	SERIES(touch, struct record_touch, touches, touch_count, NULL, "stack"),
	SERIES(mapping, struct record_mapping, mappings, mapping_count, NULL, ""),
	SERIES(resident, struct record_resident, residents, resident_count, NULL, NULL),
	SERIES(frame, struct record_frame, frames, frame_count, NULL, ""),
	SERIES(reservation, struct record_reservation, reservations, reservation_count, NULL, ""),
	SERIES(range, struct record_range, ranges, range_count, NULL, ""),
	SERIES(maps, struct record_maps, maps, maps_count, NULL, ""),
	SERIES(mark, struct record_note, marks, mark_count, &blank_note, ""),
	SERIES(mark_victim, struct record_note, mark_victims, mark_victim_count, &blank_note, ""),
	SERIES(lost, struct record_note, lost, lost_count, &blank_note, ""),
	SERIES(note, struct record_note, notes, note_count, &blank_note, ""),
};

static int load_element(struct loader *l, const struct series *of)
{
	char *base = (char *)l->record;
	size_t *count = (size_t *)(void *)(base + of->count);
	char *element = push(base + of->items, count, of->size);

	if (of->blank)
		memcpy(element, of->blank, of->size);
	if (fields_from_json(of->fields, l->object, element)) {
		(*count)--;
		return -1;
	}
	*(unsigned int *)(void *)(element + of->line) = l->line;
	if (of->kept)
		keep(l, *of->kept ? json_object_get(l->object, of->kept) : l->object);
	return 0;
}

static int load_object(struct loader *l)
{
	const char *ev = json_string_value(json_object_get(l->object, "ev"));

	for (size_t i = 0; ev && i < ARRAY_SIZE(series); i++)
		if (!strcmp(ev, series[i].ev))
			return load_element(l, &series[i]);
	for (size_t i = 0; ev && i < ARRAY_SIZE(singles); i++)
		if (!strcmp(ev, singles[i].ev))
			return singles[i].load(l);
	return ev ? premortem_load(l->record, ev, (json_t *)l->object, l->line) : -1;
}

static void load_line(struct loader *l, const char *data, size_t len)
{
	bool has_newline = len && data[len - 1] == '\n';
	json_t *object = json_loadb(data, len - has_newline, 0, NULL);

	l->line++;
	l->object = object;
	if (!object && !has_newline)
		l->is_cut = true;
	else if (load_object(l))
		l->damaged++;
	json_decref(object);
}

static void loader_init(struct loader *l, struct record *r)
{
	*l = (struct loader){.record = r};
	*r = (struct record){
		.page_size = RECORD_ABSENT,
		.cgroup_version = RECORD_ABSENT,
		.engine = {.oom_killed = RECORD_ABSENT, .exit_status = RECORD_ABSENT},
		.target_pid = RECORD_ABSENT,
		.start_ns = RECORD_ABSENT,
		.gate_ns = RECORD_ABSENT,
		.end_ns = RECORD_ABSENT,
		.refused_errno = RECORD_ABSENT,
		.refused_bytes = RECORD_ABSENT,
		.residue_bytes = RECORD_ABSENT,
		.settings = json_object(),
		.lines = json_array(),
	};
	spec_init(&r->spec);
}

static int by_level(const void *a, const void *b)
{
	return ((const struct record_cgroup *)a)->level - ((const struct record_cgroup *)b)->level;
}

static void add_note(const struct loader *l, struct record_note *note, const char *name,
		     const char *text, int64_t count)
{
	*note = blank_note;
	note->line = l->line;
	note->name = name;
	note->text = text;
	note->count = count;
}

static int loader_finish(struct loader *l, const char *who, struct err *err)
{
	struct record *r = l->record;

	r->line_count = l->line;
	if (!l->has_run) {
		record_release(r);
		return err_set(err, EXIT_FAILED, "'%s' is no record: it has no \"run\" line", who);
	}
	if (r->cgroup_count)
		qsort(r->cgroups, r->cgroup_count, sizeof(*r->cgroups), by_level);
	if (l->damaged || l->is_cut)
		add_note(l, PUSH(r, lost, lost_count), "record", NULL,
			 (int64_t)l->damaged + l->is_cut);
	if (l->is_cut)
		add_note(l, PUSH(r, notes, note_count), NULL,
			 "The last line of the record was cut short and dropped", RECORD_ABSENT);
	return 0;
}

int record_load_memory(const char *data, size_t len, struct record *record, struct err *err)
{
	struct loader l;

	loader_init(&l, record);
	while (len) {
		const char *newline = memchr(data, '\n', len);
		size_t n = newline ? (size_t)(newline - data) + 1 : len;

		load_line(&l, data, n);
		data += n;
		len -= n;
	}
	return loader_finish(&l, "(memory)", err);
}

/* Opening a FIFO would wait for a writer. */
static FILE *open_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		err_errno(err, EXIT_FAILED, "cannot read '%s'", path);
	} else if (!S_ISREG(st.st_mode)) {
		err_set(err, EXIT_FAILED, "cannot read '%s': it is no file but a %s", path,
			S_ISDIR(st.st_mode) ? "folder" : "pipe, socket or device");
	} else {
		return fdopen(fd, "r");
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

int record_load(const char *path, struct record *record, struct err *err)
{
	_cleanup_fclose_ FILE *f = open_file(path, err);
	_cleanup_free_ char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	struct loader l;

	if (!f)
		return -1;
	loader_init(&l, record);
	errno = 0;
	while ((n = getline(&line, &cap, f)) > 0)
		load_line(&l, line, (size_t)n);
	if (ferror(f) || !feof(f)) {
		record_release(record);
		return err_errno(err, EXIT_FAILED, "cannot read '%s'", path);
	}
	return loader_finish(&l, path, err);
}
