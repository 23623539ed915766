#include "record/premortem_lines.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "record/lines.h"
#include "record/series.h"

/* No run has more lines of one kind. */
enum { LINES_MAX = 20000 };

static const struct field fields_armed[] = {
	FIELD(struct record_premortem, percent, "percent", I64),
	FIELD(struct record_premortem, limit, "limit", I64),
	FIELD(struct record_premortem, high, "high", I64),
	FIELDS_END,
};

static const struct field fields_snapshot[] = {
	FIELD(struct record_premortem, t_ns, "t", I64),
	FIELD(struct record_premortem, is_frozen, "frozen", BOOL),
	FIELD(struct record_premortem, wait_ns, "wait", I64),
	FIELD(struct record_premortem, why, "why", STRING),
	FIELD(struct record_premortem, value, NULL, METRICS),
	FIELDS_END,
};

static const struct field fields_thaw[] = {
	FIELD(struct record_premortem, thaw_ns, "t", I64),
	FIELD(struct record_premortem, high_events, "high_events", I64),
	FIELDS_END,
};

static const struct field fields_core[] = {
	FIELD(struct record_premortem, core, "path", STRING),
	FIELD(struct record_premortem, core_bytes, "bytes", I64),
	FIELD(struct record_premortem, core_why, "why", STRING),
	FIELDS_END,
};

static const struct field fields_process[] = {
	FIELD(struct premortem_process, pid, "pid", I64, REQUIRED),
	FIELD(struct premortem_process, comm, "comm", STRING),
	FIELD(struct premortem_process, threads, "threads", I64),
	FIELDS_END,
};

static const struct field fields_thread[] = {
	FIELD(struct premortem_thread, pid, "pid", I64, REQUIRED),
	FIELD(struct premortem_thread, tid, "tid", I64, REQUIRED),
	FIELD(struct premortem_thread, comm, "comm", STRING),
	FIELD(struct premortem_thread, syscall, "syscall", I64),
	FIELD(struct premortem_thread, is_running, "running", BOOL),
	FIELD(struct premortem_thread, is_whole, "whole", BOOL),
	FIELD(struct premortem_thread, sp, "sp", I64),
	FIELD(struct premortem_thread, stack, "stack", STRING),
	FIELDS_END,
};

static const struct field fields_snapshot_mapping[] = {
	FIELD(struct premortem_mapping, pid, "pid", I64, REQUIRED),
	FIELD(struct premortem_mapping, name, "name", STRING),
	FIELD(struct premortem_mapping, arena, "arena", STRING),
	FIELD(struct premortem_mapping, arena_id, "arena_id", I64),
	FIELD(struct premortem_mapping, mappings, "mappings", I64),
	FIELD(struct premortem_mapping, start, "start", I64),
	FIELD(struct premortem_mapping, size, "size", I64, REQUIRED),
	FIELD(struct premortem_mapping, rss, "rss", I64, REQUIRED),
	FIELD(struct premortem_mapping, anon, "anon", I64),
	FIELD(struct premortem_mapping, huge, "huge", I64),
	FIELD(struct premortem_mapping, swap, "swap", I64),
	FIELD(struct premortem_mapping, is_rest, "rest", BOOL),
	FIELDS_END,
};

static const struct field fields_file[] = {
	FIELD(struct premortem_file, pid, "pid", I64, REQUIRED),
	FIELD(struct premortem_file, fd, "fd", I64),
	FIELD(struct premortem_file, name, "name", STRING, REQUIRED),
	FIELD(struct premortem_file, size, "size", I64),
	FIELD(struct premortem_file, resident, "resident", I64, REQUIRED),
	FIELDS_END,
};

static const struct field fields_left[] = {
	FIELD(struct premortem_left, what, "name", ENUM, WORDS(record_part_names), REQUIRED),
	FIELD(struct premortem_left, count, "count", I64, REQUIRED),
	FIELDS_END,
};

static void put(struct record_writer *w, const char *ev, const struct field *fields,
		const void *from)
{
	record_put(w, ev, fields_to_json(fields, from));
}

void premortem_put_armed(struct record_writer *w, const struct record_premortem *p)
{
	put(w, "premortem", fields_armed, p);
}

void premortem_put_look(struct record_writer *w, const struct record_premortem *p)
{
	put(w, "premortem_look", fields_snapshot, p);
}

void premortem_put_thaw(struct record_writer *w, const struct record_premortem *p)
{
	put(w, "premortem_thaw", fields_thaw, p);
}

void premortem_put_core(struct record_writer *w, const struct record_premortem *p)
{
	put(w, "premortem_core", fields_core, p);
}

void premortem_put_process(struct record_writer *w, const struct premortem_process *process)
{
	put(w, "premortem_process", fields_process, process);
}

void premortem_put_thread(struct record_writer *w, const struct premortem_thread *thread)
{
	put(w, "premortem_thread", fields_thread, thread);
}

void premortem_put_mapping(struct record_writer *w, const struct premortem_mapping *mapping)
{
	put(w, "premortem_mapping", fields_snapshot_mapping, mapping);
}

void premortem_put_file(struct record_writer *w, const struct premortem_file *file)
{
	put(w, "premortem_file", fields_file, file);
}

void premortem_put_arena(struct record_writer *w, const struct record_arena *arena)
{
	put(w, "premortem_arena", fields_arena, arena);
}

void premortem_put_left(struct record_writer *w, enum snapshot_part what, int64_t count)
{
	put(w, "premortem_left", fields_left,
	    &(struct premortem_left){.what = what, .count = count});
}

/* Kinds of which a record has one line: its fields, and the offset of its line number. */
static const struct {
	const char *ev;
	const struct field *fields;
	size_t line;
} singles[] = {
	{"premortem", fields_armed, offsetof(struct record_premortem, armed_line)},
	{"premortem_look", fields_snapshot, offsetof(struct record_premortem, look_line)},
	{"premortem_thaw", fields_thaw, offsetof(struct record_premortem, thaw_line)},
	{"premortem_core", fields_core, offsetof(struct record_premortem, core_line)},
};

#define SERIES(word, of, array, counter, table)                                            \
	{                                                                                  \
		.ev = "premortem_" word, .fields = (table), .most = LINES_MAX, .kept = "", \
		SERIES_OF(struct record_premortem, of, array, counter)                     \
	}

static const struct series series[] = {
	SERIES("process", struct premortem_process, processes, process_count, fields_process),
	SERIES("thread", struct premortem_thread, threads, thread_count, fields_thread),
	SERIES("mapping", struct premortem_mapping, mappings, mapping_count,
	       fields_snapshot_mapping),
	SERIES("file", struct premortem_file, files, file_count, fields_file),
	SERIES("arena", struct record_arena, arenas, arena_count, fields_arena),
	SERIES("left", struct premortem_left, left, left_count, fields_left),
};

static struct record_premortem *blank(void)
{
	struct record_premortem *p = xcalloc(1, sizeof(*p));

	p->percent = p->limit = p->high = p->t_ns = p->wait_ns = ABSENT;
	p->thaw_ns = p->high_events = p->core_bytes = ABSENT;
	for (int i = 0; i < METRIC_COUNT; i++)
		p->value[i] = ABSENT;
	return p;
}

static int load_single(struct record *r, size_t i, json_t *object, unsigned int line)
{
	unsigned int *at = (unsigned int *)(void *)((char *)r->premortem + singles[i].line);

	/* The first counts: the lab writes no second one. */
	if (*at || fields_from_json(singles[i].fields, object, r->premortem))
		return -1;
	*at = line;
	json_array_append(r->lines, object);
	return 0;
}

int premortem_load(struct record *r, const char *ev, json_t *object, unsigned int line)
{
	const struct series *of = series_find(series, ARRAY_SIZE(series), ev);

	if (strncmp(ev, "premortem", strlen("premortem")) != 0)
		return -1;
	if (!r->premortem)
		r->premortem = blank();
	if (of)
		return series_load(of, r->premortem, r->lines, object, line);
	for (size_t i = 0; i < ARRAY_SIZE(singles); i++)
		if (!strcmp(ev, singles[i].ev))
			return load_single(r, i, object, line);
	return -1;
}

void premortem_free(struct record_premortem *p)
{
	if (!p)
		return;
	free(p->processes);
	free(p->threads);
	free(p->mappings);
	free(p->files);
	free(p->arenas);
	free(p->left);
	free(p);
}
