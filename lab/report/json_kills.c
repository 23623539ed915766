#include "base/text.h"
#include "explain/event_json.h"
#include "report/json.h"
#include "report/json_put.h"

/* The facts of the event that a kill of the report has. */
static void put_event(json_t *object, const struct oomlog_event *e, const struct explanation *x)
{
	static const char *const who[] = {"time",
					  "invoker_pid",
					  "order",
					  "limit_bytes",
					  "usage_bytes",
					  "failcnt",
					  "swap_limit_bytes",
					  "swap_total_bytes",
					  "swap_free_bytes",
					  "page_size",
					  "kernel",
					  "invoker_comm",
					  "gfp_mask",
					  "constraint",
					  "scope",
					  "oom_memcg",
					  "task_memcg",
					  "mechanism",
					  "group_memcg",
					  "tasks",
					  NULL};
	static const char *const rest[] = {"memory", "group_kill", "panic", NULL};

	event_json_put(object, e, who);
	event_json_put_candidates(object, x);
	event_json_put(object, e, rest);
}

static json_t *kmsg_evidence(const struct facts *f, const uint64_t *lines, size_t count)
{
	json_t *evidence = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct record_kmsg *line = kills_line(f->record, lines[i]);

		if (line)
			json_array_append_new(
				evidence, json_sprintf("kmsg %llu", (unsigned long long)line->seq));
	}
	return evidence;
}

/* What `oomlab explain` says of the same lines; its line numbers become evidence. */
static void put_explanation(json_t *object, const struct facts *f, const struct explanation *x)
{
	json_t *sentences = json_array();

	json_put_text(object, "summary", x->headline);
	for (size_t i = 0; i < x->sentence_count; i++) {
		const struct sentence *s = &x->sentences[i];
		json_t *sentence = event_json_sentence(s);

		json_object_set_new(sentence, "evidence",
				    kmsg_evidence(f, s->lines, s->line_count));
		json_array_append_new(sentences, sentence);
	}
	json_object_set_new(object, "explanation", sentences);
}

static json_t *cause_of_death(const struct facts *f, const struct oomlog_victim *v)
{
	json_t *evidence = kmsg_evidence(f, &v->line, 1);

	if (v->pid != f->record->target_pid)
		return evidence;
	for (size_t i = 0; i < f->conclusion->cause_evidence_count; i++)
		if (!text_starts_with(f->conclusion->cause_evidence[i], "kmsg "))
			json_array_append_new(evidence,
					      record_string(f->conclusion->cause_evidence[i]));
	return evidence;
}

static bool is_chosen(const struct oomlog_event *e, const struct oomlog_victim *v)
{
	return !e->group_kill || v->pid == e->summary_pid;
}

static const char *relation(const struct facts *f, const struct oomlog_event *e, size_t i)
{
	if (e->victims[i].pid == f->record->target_pid)
		return "target";
	if (kills_is_of_run(f->record, f->conclusion->kills, e, i))
		return "child";
	return kills_is_unknown(f->record, f->conclusion->kills, e, i) ? "unknown" : "other";
}

static json_t *victim_to_json(const struct facts *f, const struct kill *kill,
			      const struct explanation *x, size_t i)
{
	const struct oomlog_event *e = &kill->event;
	const struct oomlog_victim *victim = &e->victims[i];
	json_t *object = json_object();

	put_event(object, e, x);
	put_explanation(object, f, x);
	event_json_put_victim(object, victim);
	json_put_text(object, "relation", relation(f, e, i));
	json_object_set_new(object, "chosen", json_boolean(is_chosen(e, victim)));
	json_object_set_new(object, "dumped", json_boolean(kill->is_dumped));
	json_object_set_new(object, "cause_of_death", cause_of_death(f, victim));
	return object;
}

json_t *kills_to_json(const struct facts *f)
{
	const struct kills *kills = f->conclusion->kills;
	json_t *array = json_array();

	for (size_t i = 0; i < kills->count; i++) {
		const struct kill *kill = &kills->items[i];
		struct explanation x;

		explanation_make(&x, &kill->event);
		for (size_t j = 0; j < kill->event.victim_count; j++)
			json_array_append_new(array, victim_to_json(f, kill, &x, j));
		explanation_release(&x);
	}
	return array;
}
