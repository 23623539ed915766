#include "explain/explain_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "explain/explain_parts.h"

static void put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new_nocheck(object, key, value);
}

static void put_int(json_t *object, const char *key, int64_t value)
{
	if (value != ABSENT)
		put(object, key, json_integer(value));
}

static bool is_plain(const char *text)
{
	while (*text > 0)
		text++;
	return *text == '\0';
}

/* What is no UTF-8 is written as its number. */
static void clean_text(struct strbuf *clean, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		size_t n = text_utf8_length(text, left);

		if (n)
			strbuf_append(clean, text, n);
		else
			strbuf_printf(clean, "\\x%02x", (unsigned char)*text);
		n = n ? n : 1;
		text += n;
		left -= n;
	}
}

static json_t *text_value(const char *text)
{
	_cleanup_strbuf_ struct strbuf clean = STRBUF_INIT;

	if (is_plain(text))
		return json_stringn_nocheck(text, strlen(text));
	clean_text(&clean, text);
	return json_stringn_nocheck(clean.buf, clean.len);
}

static void put_text(json_t *object, const char *key, const char *text)
{
	if (text)
		put(object, key, text_value(text));
}

static void put_flag(json_t *object, const char *key, bool flag)
{
	if (flag)
		put(object, key, json_true());
}

static json_t *task_value(const struct oomlog_task *task)
{
	json_t *object = json_object();

	put_int(object, "pid", task->pid);
	put_int(object, "uid", task->uid);
	put_int(object, "tgid", task->tgid);
	put_int(object, "total_vm_bytes", task->total_vm_bytes);
	put_int(object, "rss_bytes", task->rss_bytes);
	put_int(object, "rss_anon_bytes", task->rss_anon_bytes);
	put_int(object, "rss_file_bytes", task->rss_file_bytes);
	put_int(object, "rss_shmem_bytes", task->rss_shmem_bytes);
	put_int(object, "pgtables_bytes", task->pgtables_bytes);
	put_int(object, "swap_bytes", task->swap_bytes);
	put_int(object, "oom_score_adj", task->oom_score_adj);
	put_text(object, "comm", task->comm);
	return object;
}

static void put_victim(json_t *object, const struct oomlog_victim *v, bool prefixed)
{
	put_text(object, prefixed ? "victim_comm" : "comm", v->comm);
	put_int(object, prefixed ? "victim_pid" : "pid", v->pid);
	put_int(object, prefixed ? "victim_uid" : "uid", v->uid);
	put_int(object, "total_vm_bytes", v->total_vm_bytes);
	put_int(object, "anon_rss_bytes", v->anon_rss_bytes);
	put_int(object, "file_rss_bytes", v->file_rss_bytes);
	put_int(object, "shmem_rss_bytes", v->shmem_rss_bytes);
	put_int(object, "pgtables_bytes", v->pgtables_bytes);
	put_int(object, "oom_score_adj", v->oom_score_adj);
	if (!prefixed)
		put_int(object, "line", (int64_t)v->line);
}

static void put_victims(json_t *object, const struct oomlog_event *ev)
{
	json_t *list = json_array();

	if (ev->victim_count)
		put_victim(object, &ev->victims[0], true);
	for (size_t i = 0; i < ev->victim_count; i++) {
		json_t *victim = json_object();

		put_victim(victim, &ev->victims[i], false);
		json_array_append_new(list, victim);
	}
	put(object, "victims", list);
}

static void put_identity(json_t *object, const struct oomlog_event *ev)
{
	put_int(object, "time", ev->time_ns);
	put_text(object, "wall_time", ev->wall);
	put_text(object, "kernel", ev->kernel);
	put_text(object, "invoker_comm", ev->invoker_comm);
	put_int(object, "invoker_pid", ev->invoker_pid);
	put_int(object, "invoker_uid", ev->invoker_uid);
	put_int(object, "invoker_oom_score_adj", ev->invoker_oom_score_adj);
	put_text(object, "gfp_mask", ev->gfp_mask);
	put_int(object, "order", ev->order);
	put_text(object, "constraint", ev->constraint);
	put_text(object, "scope", ev->scope ? scope_names[ev->scope] : NULL);
	put_text(object, "nodemask", ev->nodemask);
	put_text(object, "cpuset", ev->cpuset);
	put_text(object, "mems_allowed", ev->mems_allowed);
	put_text(object, "oom_memcg", ev->oom_memcg);
	put_text(object, "task_memcg", ev->task_memcg);
	put_text(object, "summary_comm", ev->summary_comm);
	put_int(object, "summary_pid", ev->summary_pid);
	put_int(object, "summary_uid", ev->summary_uid);
	put_text(object, "chosen_comm", ev->chosen_comm);
	put_int(object, "chosen_pid", ev->chosen_pid);
	put_int(object, "chosen_score", ev->chosen_score);
}

static void put_amounts(json_t *object, const struct oomlog_event *ev)
{
	put_int(object, "limit_bytes", ev->limit_bytes);
	put_flag(object, "limit_is_max", ev->limit_is_max);
	put_int(object, "usage_bytes", ev->usage_bytes);
	put_int(object, "failcnt", ev->failcnt);
	put_int(object, "swap_limit_bytes", ev->swap_limit_bytes);
	put_int(object, "swap_usage_bytes", ev->swap_usage_bytes);
	put_int(object, "memsw_limit_bytes", ev->memsw_limit_bytes);
	put_int(object, "memsw_usage_bytes", ev->memsw_usage_bytes);
	put_int(object, "kmem_limit_bytes", ev->kmem_limit_bytes);
	put_int(object, "kmem_usage_bytes", ev->kmem_usage_bytes);
	put_int(object, "swap_total_bytes", ev->swap_total_bytes);
	put_int(object, "swap_free_bytes", ev->swap_free_bytes);
	put_int(object, "ram_bytes", ev->ram_bytes);
	put_int(object, "page_size", ev->page_size);
	put_flag(object, "page_size_inferred", ev->page_size_inferred);
}

static json_t *stats_value(const struct oomlog_stat *stats, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++) {
		_cleanup_strbuf_ struct strbuf key = STRBUF_INIT;

		if (!is_plain(stats[i].name))
			clean_text(&key, stats[i].name);
		put(object, key.len ? key.buf : stats[i].name, json_integer(stats[i].value));
	}
	return object;
}

static void put_tasks(json_t *object, const struct oomlog_event *ev)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ev->task_count; i++)
		json_array_append_new(list, task_value(&ev->tasks[i]));
	put(object, "tasks", list);
	put_text(object, "table_columns", ev->table_columns);
}

static void put_trace(json_t *object, const struct oomlog_event *ev)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ev->trace_count; i++)
		json_array_append_new(list, text_value(ev->trace[i]));
	if (ev->trace_count)
		put(object, "trace", json_incref(list));
	json_decref(list);
	put_text(object, "mechanism", mechanism_words[ev->mechanism].name);
	if (ev->has_registers) {
		put(object, "user_rip", json_sprintf("0x%" PRIx64, ev->user_rip));
		put(object, "user_rsp", json_sprintf("0x%" PRIx64, ev->user_rsp));
	}
}

static json_t *notes_value(const struct oomlog_event *ev)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ev->note_count; i++) {
		json_t *note = json_object();

		put_text(note, "text", ev->notes[i].text);
		if (ev->notes[i].line)
			put_int(note, "line", (int64_t)ev->notes[i].line);
		json_array_append_new(list, note);
	}
	return list;
}

static json_t *candidate_value(const struct explanation *x, size_t index)
{
	const struct candidate *c = &x->candidates[index];
	json_t *object = json_object();

	put_int(object, "pid", c->pid);
	put_text(object, "comm", c->comm);
	put_int(object, "rss_bytes", c->rss_bytes);
	put_int(object, "footprint_bytes", c->footprint_bytes);
	if (x->total_is_exact)
		put_int(object, "score_bytes", c->points_bytes);
	put_int(object, "oom_score_adj", c->oom_score_adj);
	return object;
}

static void put_explanation(json_t *object, const struct explanation *x)
{
	json_t *sentences = json_array(), *budget = json_array();

	for (size_t i = 0; i < x->sentence_count; i++) {
		const struct sentence *s = &x->sentences[i];
		json_t *sentence = json_object(), *lines = json_array();

		put_text(sentence, "topic", topic_title(s->topic));
		put_text(sentence, "text", s->text);
		for (size_t l = 0; l < s->line_count; l++)
			json_array_append_new(lines, json_integer((json_int_t)s->lines[l]));
		put(sentence, "lines", lines);
		json_array_append_new(sentences, sentence);
	}
	for (size_t i = 0; i < x->budget_count; i++) {
		json_t *item = json_object();

		put_text(item, "what", x->budget[i].name);
		put_int(item, "bytes", x->budget[i].bytes);
		json_array_append_new(budget, item);
	}
	put_text(object, "summary", x->headline);
	if (x->largest != SIZE_MAX)
		put(object, "largest_task", candidate_value(x, x->largest));
	if (x->runner_up != SIZE_MAX)
		put(object, "runner_up", candidate_value(x, x->runner_up));
	if (x->budget_count)
		put(object, "budget", json_incref(budget));
	json_decref(budget);
	put(object, "explanation", sentences);
}

static json_t *event_value(const struct oomlog_event *ev, const struct explanation *x)
{
	json_t *object = json_object(), *lines = json_object();

	put_identity(object, ev);
	put_victims(object, ev);
	put_amounts(object, ev);
	put_flag(object, "group_kill", ev->group_kill);
	put_flag(object, "panic", ev->panic);
	put_flag(object, "no_killable_process", ev->no_killable_process);
	put_flag(object, "allocating_task", ev->allocating_task);
	put_flag(object, "by_hand", explain_is_by_hand(ev));
	put_text(object, "group_memcg", ev->group_memcg);
	put_int(object, "beancounter", ev->beancounter);
	put_int(object, "exiting_count", ev->exiting_count ? ev->exiting_count : ABSENT);
	put_int(object, "suppressed_count", ev->headers_suppressed);
	put_trace(object, ev);
	put_tasks(object, ev);
	if (ev->stat_count)
		put(object, "memory", stats_value(ev->stats, ev->stat_count));
	if (ev->meminfo_count)
		put(object, "meminfo", stats_value(ev->meminfo, ev->meminfo_count));
	put_int(lines, "first", (int64_t)ev->lines.first);
	put_int(lines, "last", (int64_t)ev->lines.last);
	put(object, "lines", lines);
	put_explanation(object, x);
	put(object, "notes", notes_value(ev));
	return object;
}

void explain_json_begin(FILE *to)
{
	fputs("{\"schema\": \"oomlab.explain/1\", \"events\": [", to);
}

void explain_json_event(FILE *to, const struct oomlog_event *event, const struct explanation *x,
			const char *file, uint64_t index)
{
	json_t *value = event_value(event, x);

	put_text(value, "file", file);
	fputs(index ? ",\n" : "\n", to);
	char *text = json_dumps(value, JSON_COMPACT);
	json_decref(value);
	fputs(text ? text : "{}", to);
	free(text);
}

void explain_json_end(FILE *to, const struct explain_quality *quality)
{
	fprintf(to,
		"\n], \"quality\": {\"lines\": %" PRIu64 ", \"bytes\": %" PRIu64
		", \"events\": %" PRIu64 ", \"notes\": %" PRIu64 "}}\n",
		quality->lines, quality->bytes, quality->events, quality->notes);
}
