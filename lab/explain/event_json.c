#include "explain/event_json.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/utf8.h"
#include "oomlog/event_fields.h"

static void put(json_t *object, const char *key, json_t *value)
{
	if (value)
		json_object_set_new_nocheck(object, key, value);
}

static bool is_plain(const char *text)
{
	while (*text > 0)
		text++;
	return *text == '\0';
}

static json_t *text_value(const char *text)
{
	_cleanup_strbuf_ struct strbuf clean = STRBUF_INIT;

	if (is_plain(text))
		return json_stringn_nocheck(text, strlen(text));
	utf8_append(&clean, text, strlen(text));
	return json_stringn_nocheck(clean.buf, clean.len);
}

void event_json_put_number(json_t *object, const char *key, int64_t value)
{
	if (is_known(value))
		put(object, key, json_integer(value));
}

void event_json_put_text(json_t *object, const char *key, const char *text)
{
	if (text)
		put(object, key, text_value(text));
}

static json_t *value_of(const struct event_field *field, const void *of);

static json_t *word_value(const struct event_field *f, const void *at)
{
	const char *word;
	int value;

	memcpy(&value, at, sizeof(value));
	word = f->word(value);
	return word ? text_value(word) : NULL;
}

static json_t *object_of(const struct event_field *fields, const void *of)
{
	json_t *object = json_object();

	for (const struct event_field *f = fields; f->kind != EVENT_END; f++)
		if (f->key)
			put(object, f->key, value_of(f, of));
	return object;
}

static json_t *pairs_of(const struct oomlog_stat *stats, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++) {
		_cleanup_strbuf_ struct strbuf key = STRBUF_INIT;

		if (!is_plain(stats[i].name))
			utf8_append(&key, stats[i].name, strlen(stats[i].name));
		event_json_put_number(object, key.len ? key.buf : stats[i].name, stats[i].value);
	}
	return object;
}

static json_t *objects_of(const struct event_field *list, const char *elements, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array,
				      object_of(list->fields, elements + i * list->element_size));
	return array;
}

static json_t *texts_of(const char *const *texts, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, text_value(texts[i]));
	return array;
}

/* A new value; NULL where the log does not say, for a false flag, and for a list. */
static json_t *value_of(const struct event_field *f, const void *of)
{
	const void *at = (const char *)of + f->offset;
	const bool *flag = (const bool *)((const char *)of + f->beside);

	switch (f->kind) {
	case EVENT_NUMBER:
		return is_known(*(const int64_t *)at) ? json_integer(*(const int64_t *)at) : NULL;
	case EVENT_COUNT:
		return *(const int64_t *)at ? json_integer(*(const int64_t *)at) : NULL;
	case EVENT_TEXT:
		return *(const char *const *)at ? text_value(*(const char *const *)at) : NULL;
	case EVENT_WORD:
		return word_value(f, at);
	case EVENT_FLAG:
		return *(const bool *)at ? json_true() : NULL;
	case EVENT_LINE:
		return *(const uint64_t *)at ? json_integer((json_int_t) * (const uint64_t *)at)
					     : NULL;
	case EVENT_ADDRESS:
		return *flag ? json_sprintf("0x%" PRIx64, *(const uint64_t *)at) : NULL;
	case EVENT_PART:
		return object_of(f->fields, at);
	case EVENT_OBJECTS:
	case EVENT_PAIRS:
	case EVENT_TEXTS:
	case EVENT_BYTES:
	case EVENT_END:
		break;
	}
	return NULL;
}

static json_t *list_value(const struct event_field *f, const struct oomlog_event *event)
{
	size_t count = event_fields_count(f, event);
	const void *array;

	memcpy(&array, (const char *)event + f->offset, sizeof(array));
	if (f->kind == EVENT_PAIRS)
		return pairs_of(array, count);
	if (f->kind == EVENT_TEXTS)
		return texts_of(array, count);
	return objects_of(f, array, count);
}

void event_json_put_victim(json_t *object, const struct oomlog_victim *victim)
{
	for (const struct event_field *f = event_fields_victim; f->kind != EVENT_END; f++)
		if (f->first_key)
			put(object, f->first_key, value_of(f, victim));
}

void event_json_put_all(json_t *object, const struct oomlog_event *event)
{
	for (const struct event_field *f = event_fields; f->kind != EVENT_END; f++) {
		if (!f->key || f->offset == offsetof(struct oomlog_event, notes))
			continue;
		if (f->offset == offsetof(struct oomlog_event, victims) && event->victim_count)
			event_json_put_victim(object, event->victims);
		if (!event_fields_is_list(f))
			put(object, f->key, value_of(f, event));
		else if (f->is_told_empty || event_fields_count(f, event))
			put(object, f->key, list_value(f, event));
	}
}

static const struct event_field *field_named(const char *key)
{
	for (const struct event_field *f = event_fields; f->kind != EVENT_END; f++)
		if (f->key && !strcmp(f->key, key))
			return f;
	BUG("an OOM event has no '%s'", key);
}

void event_json_put(json_t *object, const struct oomlog_event *event, const char *const *keys)
{
	for (; *keys; keys++) {
		const struct event_field *f = field_named(*keys);
		json_t *value = event_fields_is_list(f) ? list_value(f, event) : value_of(f, event);

		put(object, *keys, !value && f->kind == EVENT_FLAG ? json_false() : value);
	}
}

static json_t *candidate_value(const struct explanation *x, size_t index)
{
	const struct candidate *c = &x->candidates[index];
	json_t *object = json_object();

	event_json_put_number(object, "pid", c->pid);
	event_json_put_text(object, "comm", c->comm);
	event_json_put_number(object, "rss_bytes", c->rss_bytes);
	event_json_put_number(object, "footprint_bytes", c->footprint_bytes);
	if (x->total_is_exact)
		event_json_put_number(object, "score_bytes", c->points_bytes);
	event_json_put_number(object, "oom_score_adj", c->oom_score_adj);
	return object;
}

void event_json_put_candidates(json_t *object, const struct explanation *x)
{
	if (x->largest != SIZE_MAX)
		put(object, "largest_task", candidate_value(x, x->largest));
	if (x->runner_up != SIZE_MAX)
		put(object, "runner_up", candidate_value(x, x->runner_up));
}

json_t *event_json_sentence(const struct sentence *sentence)
{
	json_t *object = json_object();

	event_json_put_text(object, "topic", topic_title(sentence->topic));
	event_json_put_text(object, "text", sentence->text);
	return object;
}
