#include "report/json.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/json_put.h"
#include "report/report.h"
#include "report/reserved.h"
#include "report/touches.h"
#include "report/words.h"

/* The columns of the timeline, in the order of the schema. */
static const enum metric timeline_metrics[] = {
	METRIC_CURRENT, METRIC_ANON,	   METRIC_FILE, METRIC_KERNEL, METRIC_SHMEM, METRIC_SLAB,
	METRIC_SOCK,	METRIC_PAGETABLES, METRIC_SWAP, METRIC_VSZ,    METRIC_RSS,
};

static void put_amount(json_t *object, const char *key, const struct amount *amount)
{
	if (!amount->is_set)
		return;
	json_object_set_new(object, key,
			    amount->is_max ? json_string("max")
					   : json_integer((json_int_t)amount->bytes));
}

static json_t *engine_json(const struct facts *f)
{
	const struct record_engine *e = &f->record->engine;
	json_t *engine = json_object();

	json_put_text(engine, "name", e->name);
	json_put_text(engine, "version", e->version);
	json_put_text(engine, "image", e->image);
	json_put_text(engine, "container", e->container);
	json_put_text(engine, "error", e->error);
	json_put_number(engine, "exit_status", e->exit_status);
	if (is_known(e->oom_killed)) {
		json_object_set_new(engine, "oom_killed", json_boolean(e->oom_killed));
		json_object_set_new(engine, "agrees", json_boolean(facts_engine_agrees(f)));
	}
	return engine;
}

static json_t *guardian_json(const struct record_guardian *guardian)
{
	json_t *object = json_object();

	json_put_text(object, "why", record_guardian_names[guardian->why]);
	json_put_number(object, "t_ns", guardian->t_ns);
	json_put_number(object, "ended", guardian->ended);
	json_put_number(object, "left", guardian->left);
	json_put_number(object, "oom_kill", guardian->oom_kill);
	return object;
}

static json_t *run_json(const struct facts *f)
{
	const struct record *r = f->record;
	json_t *run = json_object(), *argv = json_array();

	json_put_text(run, "id", r->id);
	json_put_text(run, "backend", r->backend);
	json_put_text(run, "accelerator", r->accelerator);
	if (r->engine.name)
		json_object_set_new(run, "engine", engine_json(f));
	json_put_text(run, "kernel", r->kernel);
	json_put_text(run, "machine", r->machine);
	json_put_number(run, "cgroup_version", r->cgroup_version);
	json_put_text(run, "cgroup", r->cgroup_path);
	json_put_number(run, "page_size", r->page_size);
	json_put_text(run, "started_at", r->started_at);
	json_put_number(run, "duration_ns", facts_duration_ns(f));
	for (size_t i = 0; i < r->argc; i++)
		json_array_append_new(argv, record_string(r->argv[i]));
	json_object_set_new(run, "argv", argv);
	json_put_number(run, "pid", r->target_pid);
	json_put_text(run, "ended", ending_names[f->conclusion->ending]);
	json_put_number(run, "exit_status", f->end ? f->end->exit_status : ABSENT);
	json_put_number(run, "signal", f->end ? f->end->signal : ABSENT);
	if (r->guardian.why)
		json_object_set_new(run, "guardian", guardian_json(&r->guardian));
	return run;
}

static json_t *deltas_json(const struct facts *f,
			   int64_t (*delta)(const struct record_cgroup *, enum counter))
{
	json_t *object = json_object();

	for (int i = 0; i < COUNTER_COUNT; i++)
		json_put_number(object, record_counter_names[i], delta(f->own, (enum counter)i));
	return object;
}

static json_t *budget_json(const struct budget *b)
{
	json_t *object = json_object();

	for (size_t i = 0; i < b->count; i++)
		json_put_number(object, budget_keys[b->items[i].part], b->items[i].bytes);
	json_put_number(object, "unused", b->unused);
	json_put_number(object, "total", b->total);
	json_put_number(object, "limit", b->limit);
	json_object_set_new(object, "evidence",
			    b->kmsg ? json_sprintf("kmsg %llu", (unsigned long long)b->kmsg->seq)
				    : json_sprintf("sample %zu", b->sample_number));
	return object;
}

static json_t *memory_json(const struct facts *f)
{
	json_t *memory = json_object();

	if (f->own)
		put_amount(memory, "max", &f->own->memory_max);
	json_put_number(memory, f->is_peak_sampled ? "peak_sampled" : "peak", f->peak);
	if (f->at_kill.count)
		json_object_set_new(memory, "at_kill", budget_json(&f->at_kill));
	if (f->at_peak.count)
		json_object_set_new(memory, "at_peak", budget_json(&f->at_peak));
	json_put_number(memory, "residue_after", f->record->residue_bytes);
	return memory;
}

static json_t *arenas_json(const struct facts *f)
{
	json_t *array = json_array();

	for (size_t i = 0; i < f->record->arena_count; i++)
		json_array_append_new(array, arena_to_json(f, &f->record->arenas[i]));
	return array;
}

static json_t *touch_json(const char *kind, const struct record_site *site, int64_t bytes,
			  int64_t all)
{
	json_t *object = json_object();

	if (site) {
		json_put_text(object, "function", site->function);
		json_put_text(object, "file", site->file);
		json_put_number(object, "line", site->line_number ? site->line_number : ABSENT);
	}
	json_put_number(object, "bytes", bytes);
	if (is_known(all) && all > 0)
		json_object_set_new(object, "share", json_real((double)bytes / (double)all));
	json_put_text(object, "kind", kind);
	return object;
}

static json_t *profile_json(const struct touches *t)
{
	json_t *array = json_array();

	for (size_t i = 0; i < t->count; i++) {
		const struct touch_line *line = &t->lines[i];
		const struct record_site site = {
			.function = line->function,
			.file = line->file,
			.line_number = line->line_number,
		};
		json_t *object =
			touch_json(touch_kind_names[line->kind], &site, line->bytes, t->total);

		json_put_text(object, "module", line->module);
		json_put_number(object, "samples", line->samples);
		json_put_number(object, "processes", line->processes);
		if (line->processes == 1)
			json_put_number(object, "pid", line->pid);
		json_array_append_new(array, object);
	}
	return array;
}

/* Without a profile, eager clearing alone is known by line and in bytes. */
static json_t *arena_touches_json(const struct facts *f)
{
	const struct record *r = f->record;
	json_t *array = json_array();
	int64_t all = f->victim ? f->victim->anon_rss_bytes : record_max(r, METRIC_ANON, NULL);

	for (size_t i = 0; i < r->arena_count; i++) {
		const struct record_arena *a = &r->arenas[i];

		if (is_known(a->cleared) && a->cleared > 0)
			json_array_append_new(array, touch_json("arena_clear",
								record_site_at(r, a->clear_site),
								a->cleared, all));
	}
	return array;
}

static json_t *touches_json(const struct facts *f)
{
	struct touches t;
	json_t *array;

	touches_gather(f->record, &t);
	array = t.count ? profile_json(&t) : arena_touches_json(f);
	touches_release(&t);
	return array;
}

/* null for a sample without the metric; NULL if no sample has it. */
static json_t *column_json(const struct record *r, enum metric metric)
{
	json_t *array = json_array();
	bool any = false;

	for (size_t i = 0; i < r->sample_count; i++) {
		int64_t value = r->samples[i].value[metric];

		any |= is_known(value);
		json_array_append_new(array, is_known(value) ? json_integer(value) : json_null());
	}
	if (any)
		return array;
	json_decref(array);
	return NULL;
}

static json_t *timeline_json(const struct record *r)
{
	json_t *timeline = json_object(), *times = json_array(), *marks = json_array();

	for (size_t i = 0; i < r->sample_count; i++)
		json_array_append_new(times, json_integer(r->samples[i].t_ns));
	json_object_set_new(timeline, "t_ns", times);
	for (size_t i = 0; i < ARRAY_SIZE(timeline_metrics); i++) {
		json_t *column = column_json(r, timeline_metrics[i]);

		if (column)
			json_object_set_new(timeline, record_metric_names[timeline_metrics[i]],
					    column);
	}
	for (size_t i = 0; i < r->mark_count; i++) {
		_cleanup_free_ char *what = words_mark(&r->marks[i]);
		json_t *mark = json_object();

		json_put_number(mark, "t_ns", r->marks[i].t_ns);
		json_put_text(mark, "what", what);
		json_array_append_new(marks, mark);
	}
	json_object_set_new(timeline, "marks", marks);
	return timeline;
}

static json_t *explanation_json(const struct doc *doc)
{
	json_t *array = json_array();

	for (size_t i = 0; i < doc->count; i++) {
		const struct doc_block *block = &doc->blocks[i];
		json_t *object, *evidence;

		if (block->kind != DOC_SENTENCE && block->kind != DOC_SUMMARY)
			continue;
		object = json_object();
		evidence = json_array();
		for (size_t j = 0; j < block->evidence_count; j++)
			json_array_append_new(evidence, record_string(block->evidence[j]));
		json_put_text(object, "text", block->text);
		json_object_set_new(object, "evidence", evidence);
		json_array_append_new(array, object);
	}
	return array;
}

/* Processes of the run that were killed, or were seen outside of its cgroup. */
static json_t *processes_json(const struct record *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->process_count; i++) {
		const struct record_process *p = &r->processes[i];
		json_t *object = json_object();

		json_put_number(object, "pid", p->pid);
		json_put_number(object, "parent", p->parent);
		json_put_text(object, "comm", p->comm);
		json_put_text(object, "parent_comm", p->parent_comm);
		json_put_text(object, "left_for", p->cgroup);
		json_array_append_new(array, object);
	}
	return array;
}

static bool is_newest(const struct record *r, size_t i)
{
	for (size_t j = i + 1; j < r->cgroup_seen_count; j++)
		if (!strcmp(r->cgroups_seen[i].path, r->cgroups_seen[j].path))
			return false;
	return true;
}

/* Cgroups besides the run's own and those above it, as last seen. */
static json_t *cgroups_json(const struct record *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->cgroup_seen_count; i++) {
		const struct record_cgroup_seen *seen = &r->cgroups_seen[i];
		json_t *object;

		if (!is_newest(r, i))
			continue;
		object = json_object();
		json_put_text(object, "path", seen->path);
		if (seen->memory_max.is_set && !seen->memory_max.is_max)
			json_put_number(object, "memory_max", (int64_t)seen->memory_max.bytes);
		json_put_number(object, "oom_group", seen->oom_group);
		for (int k = 0; k < COUNTER_COUNT; k++)
			json_put_number(object, record_counter_names[k], seen->all.value[k]);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *checks_json(const struct conclusion *c)
{
	json_t *array = json_array();

	for (size_t i = 0; i < c->check_count; i++) {
		json_t *object = json_object();

		json_put_text(object, "what", c->checks[i].what);
		json_put_text(object, "expected", c->checks[i].expected);
		json_put_text(object, "found", c->checks[i].found);
		json_object_set_new(object, "ok", json_boolean(c->checks[i].ok));
		json_array_append_new(array, object);
	}
	return array;
}

static int64_t headers_suppressed(const struct facts *f)
{
	const struct kills *kills = f->conclusion->kills;
	int64_t count = record_lost(f->record, LOSS_HEADERS);

	return count + (int64_t)kills->undumped;
}

/* Nothing is missing of what was watched; absent_sources has what could not be watched. */
static bool is_complete(const struct facts *f)
{
	const struct kills *kills = f->conclusion->kills;

	for (size_t i = 0; i < f->record->lost_count; i++)
		if (f->record->lost[i].count)
			return false;
	return f->record->is_complete && !f->record->is_unclosed && !headers_suppressed(f) &&
	       !kills->unknown && !kills->dropped &&
	       f->conclusion->killed == (int64_t)kills->victims;
}

static json_t *lost_json(const struct record *r)
{
	json_t *lost = json_object();

	for (size_t i = 0; i < r->lost_count; i++)
		json_object_set_new(lost, record_loss_names[r->lost[i].what],
				    json_integer(record_lost(r, r->lost[i].what)));
	return lost;
}

static json_t *notes_json(const struct record *r)
{
	_cleanup_(words_release) struct remarks remarks;
	json_t *notes = json_array();

	words_gather(r, &remarks);
	for (size_t i = 0; i < remarks.count; i++)
		json_array_append_new(notes, record_string(remarks.items[i].text));
	return notes;
}

static json_t *quality_json(const struct facts *f)
{
	const struct record *r = f->record;
	json_t *quality = json_object(), *absent = json_array();

	json_put_number(quality, "kmsg_lost",
			record_lost(r, LOSS_KMSG) + record_lost(r, LOSS_KMSG_FIRST));
	json_put_number(quality, "headers_suppressed", headers_suppressed(f));
	/* Damaged blocks and a damaged header count as one each: what they held is not known. */
	json_put_number(quality, "ring_lost",
			record_lost(r, LOSS_RING) + record_lost(r, LOSS_RING_BLOCKS) +
				record_lost(r, LOSS_RING_HEADER));
	json_object_set_new(quality, "lost", lost_json(r));
	json_put_number(quality, "samples_lost", record_lost(r, LOSS_SAMPLES));
	json_put_number(quality, "record_lines_lost", record_lost(r, LOSS_RECORD));
	json_object_set_new(quality, "complete", json_boolean(is_complete(f)));
	json_object_set_new(quality, "kills_unknown",
			    json_integer((json_int_t)f->conclusion->kills->unknown));
	for (size_t i = 0; i < r->source_count; i++) {
		json_t *source;

		if (r->sources[i].is_open)
			continue;
		source = json_object();
		json_put_text(source, "name", r->sources[i].name);
		json_put_text(source, "why", r->sources[i].why);
		json_array_append_new(absent, source);
	}
	json_object_set_new(quality, "absent_sources", absent);
	json_object_set_new(quality, "notes", notes_json(r));
	return quality;
}

json_t *report_to_json(const struct facts *f, const struct doc *doc)
{
	const struct conclusion *c = f->conclusion;
	json_t *report = json_object();

	json_put_text(report, "schema", REPORT_SCHEMA);
	json_put_text(report, "outcome", spec_outcome_names[c->outcome]);
	json_put_text(report, "scope", scope_names[c->scope]);
	json_put_text(report, "verdict", verdict_names[c->verdict]);
	json_put_text(report, "summary", doc_summary_text(doc));
	json_put_text(report, "error", f->record->error);
	json_put_text(report, "panic", f->record->panic);
	json_put_text(report, "skip", f->record->skip);
	json_object_set_new(report, "run", run_json(f));
	json_object_set_new(report, "spec", spec_to_json(&f->record->spec));
	json_object_set(report, "settings", f->record->settings);
	json_object_set_new(report, "checks", checks_json(c));
	json_object_set_new(report, "events", deltas_json(f, record_delta));
	json_object_set_new(report, "events_local", deltas_json(f, record_delta_local));
	json_object_set_new(report, "memory", memory_json(f));
	json_object_set_new(report, "kills", kills_to_json(f));
	json_object_set_new(report, "killed", json_integer(c->killed));
	json_object_set_new(report, "processes", processes_json(f->record));
	json_object_set_new(report, "cgroups", cgroups_json(f->record));
	json_object_set_new(report, "arenas", arenas_json(f));
	if (f->record->reservation_count)
		json_object_set_new(report, "reservations", reserved_to_json(f->record));
	json_object_set_new(report, "touches", touches_json(f));
	if (f->record->premortem)
		json_object_set_new(report, "premortem", premortem_to_json(f));
	if (f->record->memory_file_count)
		json_object_set_new(report, "memory_files", memory_files_to_json(f));
	json_put_mapped(report, f);
	json_object_set_new(report, "timeline", timeline_json(f->record));
	json_object_set_new(report, "explanation", explanation_json(doc));
	json_object_set_new(report, "quality", quality_json(f));
	return report;
}
