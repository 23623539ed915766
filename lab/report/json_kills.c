#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "explain/explain.h"
#include "report/json.h"
#include "report/json_put.h"

struct number {
	const char *key;
	size_t offset;
};

#define EVENT(member)                                          \
	{                                                      \
#member, offsetof(struct oomlog_event, member) \
	}
#define VICTIM(name, member)                                 \
	{                                                    \
		name, offsetof(struct oomlog_victim, member) \
	}
#define TASK(member)                                          \
	{                                                     \
#member, offsetof(struct oomlog_task, member) \
	}

static const struct number event_numbers[] = {
	EVENT(invoker_pid),	 EVENT(order),		 EVENT(limit_bytes),
	EVENT(usage_bytes),	 EVENT(failcnt),	 EVENT(swap_limit_bytes),
	EVENT(swap_total_bytes), EVENT(swap_free_bytes), EVENT(page_size),
};

static const struct number victim_numbers[] = {
	VICTIM("victim_pid", pid),
	VICTIM("victim_uid", uid),
	VICTIM("total_vm_bytes", total_vm_bytes),
	VICTIM("anon_rss_bytes", anon_rss_bytes),
	VICTIM("file_rss_bytes", file_rss_bytes),
	VICTIM("shmem_rss_bytes", shmem_rss_bytes),
	VICTIM("pgtables_bytes", pgtables_bytes),
	VICTIM("oom_score_adj", oom_score_adj),
};

static const struct number task_numbers[] = {
	TASK(pid),
	TASK(uid),
	TASK(tgid),
	TASK(total_vm_bytes),
	TASK(rss_bytes),
	TASK(rss_anon_bytes),
	TASK(rss_file_bytes),
	TASK(rss_shmem_bytes),
	TASK(pgtables_bytes),
	TASK(swap_bytes),
	TASK(oom_score_adj),
};

static void put_numbers(json_t *object, const struct number *numbers, size_t count,
			const void *from)
{
	for (size_t i = 0; i < count; i++) {
		int64_t value;

		memcpy(&value, (const char *)from + numbers[i].offset, sizeof(value));
		json_put_number(object, numbers[i].key, value);
	}
}

static json_t *task_to_json(const struct oomlog_task *task)
{
	json_t *object = json_object();

	put_numbers(object, task_numbers, ARRAY_SIZE(task_numbers), task);
	json_put_text(object, "comm", task->comm);
	return object;
}

/* Largest by what a kill would free; the runner-up is the next. */
static const struct oomlog_task *largest(const struct oomlog_event *e,
					 const struct oomlog_task *but)
{
	const struct oomlog_task *best = NULL;

	for (size_t i = 0; i < e->task_count; i++)
		if (&e->tasks[i] != but && (!best || e->tasks[i].rss_bytes > best->rss_bytes))
			best = &e->tasks[i];
	return best;
}

static void put_tasks(json_t *object, const struct oomlog_event *e)
{
	const struct oomlog_task *first = largest(e, NULL);
	const struct oomlog_task *second = first ? largest(e, first) : NULL;
	json_t *tasks = json_array();

	for (size_t i = 0; i < e->task_count; i++)
		json_array_append_new(tasks, task_to_json(&e->tasks[i]));
	json_object_set_new(object, "tasks", tasks);
	if (first)
		json_object_set_new(object, "largest_task", task_to_json(first));
	if (second)
		json_object_set_new(object, "runner_up", task_to_json(second));
}

static void put_memory(json_t *object, const struct oomlog_event *e)
{
	json_t *memory = json_object();

	for (size_t i = 0; i < e->stat_count; i++)
		if (!text_utf8_length(e->stats[i].name, 1))
			continue;
		else
			json_put_number(memory, e->stats[i].name, e->stats[i].value);
	json_object_set_new(object, "memory", memory);
}

static void put_words(json_t *object, const struct oomlog_event *e)
{
	json_put_text(object, "kernel", e->kernel);
	json_put_text(object, "invoker_comm", e->invoker_comm);
	json_put_text(object, "gfp_mask", e->gfp_mask);
	json_put_text(object, "constraint", e->constraint);
	json_put_text(object, "scope", e->scope ? scope_names[e->scope] : NULL);
	json_put_text(object, "oom_memcg", e->oom_memcg);
	json_put_text(object, "task_memcg", e->task_memcg);
	json_put_text(object, "mechanism", mechanism_words[e->mechanism].name);
	json_put_text(object, "group_memcg", e->group_memcg);
}

static void put_event(json_t *object, const struct oomlog_event *e)
{
	json_put_number(object, "time", e->time_ns);
	put_numbers(object, event_numbers, ARRAY_SIZE(event_numbers), e);
	put_words(object, e);
	put_tasks(object, e);
	put_memory(object, e);
	json_object_set_new(object, "group_kill", json_boolean(e->group_kill));
	json_object_set_new(object, "panic", json_boolean(e->panic));
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
static void put_explanation(json_t *object, const struct facts *f, const struct oomlog_event *e)
{
	json_t *sentences = json_array();
	struct explanation x;

	explanation_make(&x, e);
	json_put_text(object, "summary", x.headline);
	for (size_t i = 0; i < x.sentence_count; i++) {
		const struct sentence *s = &x.sentences[i];
		json_t *sentence = json_object();

		json_put_text(sentence, "topic", topic_title(s->topic));
		json_put_text(sentence, "text", s->text);
		json_object_set_new(sentence, "evidence",
				    kmsg_evidence(f, s->lines, s->line_count));
		json_array_append_new(sentences, sentence);
	}
	json_object_set_new(object, "explanation", sentences);
	explanation_release(&x);
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
	if (kills_is_of_run(f->record, e, i))
		return "child";
	return kills_is_unknown(f->record, e, i) ? "unknown" : "other";
}

json_t *kills_to_json(const struct facts *f)
{
	const struct kills *kills = f->conclusion->kills;
	json_t *array = json_array();

	for (size_t i = 0; i < kills->count; i++) {
		const struct oomlog_event *e = &kills->items[i].event;

		for (size_t j = 0; j < e->victim_count; j++) {
			json_t *object = json_object();

			put_event(object, e);
			put_explanation(object, f, e);
			json_put_text(object, "victim_comm", e->victims[j].comm);
			put_numbers(object, victim_numbers, ARRAY_SIZE(victim_numbers),
				    &e->victims[j]);
			json_put_text(object, "relation", relation(f, e, j));
			json_object_set_new(object, "chosen",
					    json_boolean(is_chosen(e, &e->victims[j])));
			json_object_set_new(object, "dumped",
					    json_boolean(kills->items[i].is_dumped));
			json_object_set_new(object, "cause_of_death",
					    cause_of_death(f, &e->victims[j]));
			json_array_append_new(array, object);
		}
	}
	return array;
}
