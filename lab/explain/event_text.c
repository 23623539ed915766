#include "explain/event_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "oomlog/event_fields.h"

void event_text_number(struct strbuf *sb, const char *key, int64_t value)
{
	if (!is_known(value))
		return;
	json_text_key(sb, key);
	json_text_number(sb, value);
}

void event_text_string(struct strbuf *sb, const char *key, const char *text)
{
	if (!text)
		return;
	json_text_key(sb, key);
	json_text_string(sb, text);
}

static void put_line(struct strbuf *sb, const char *key, uint64_t line)
{
	if (line)
		event_text_number(sb, key, (int64_t)line);
}

static void put_flag(struct strbuf *sb, const char *key, bool flag)
{
	json_text_key(sb, key);
	json_text_bool(sb, flag);
}

static void put_word(struct strbuf *sb, const struct event_field *f, const void *at)
{
	int value;

	memcpy(&value, at, sizeof(value));
	event_text_string(sb, f->key, f->word(value));
}

static void put_address(struct strbuf *sb, const char *key, uint64_t address)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	event_text_string(sb, key, text);
}

static void put_objects(struct strbuf *sb, const struct event_field *list, const char *elements,
			size_t count);

static void put_pairs(struct strbuf *sb, const struct oomlog_stat *stats, size_t count)
{
	json_text_open(sb, '{');
	for (size_t i = 0; i < count; i++) {
		if (!is_known(stats[i].value))
			continue;
		json_text_key_of(sb, stats[i].name);
		json_text_number(sb, stats[i].value);
	}
	json_text_close(sb, '}');
}

static void put_texts(struct strbuf *sb, const char *const *texts, size_t count)
{
	json_text_open(sb, '[');
	for (size_t i = 0; i < count; i++)
		json_text_string(sb, texts[i]);
	json_text_close(sb, ']');
}

static void put_list(struct strbuf *sb, const struct event_field *f,
		     const struct oomlog_event *event)
{
	size_t count = event_fields_count(f, event);
	const void *array;

	memcpy(&array, (const char *)event + f->offset, sizeof(array));
	json_text_key(sb, f->key);
	if (f->kind == EVENT_PAIRS)
		put_pairs(sb, array, count);
	else if (f->kind == EVENT_TEXTS)
		put_texts(sb, array, count);
	else
		put_objects(sb, f, array, count);
}

static void put_part(struct strbuf *sb, const struct event_field *f, const void *part);

/* Writes a field that is no list; nothing where the log does not say, and for a false flag. */
static void put_field(struct strbuf *sb, const struct event_field *f, const char *key,
		      const void *of)
{
	const void *at = (const char *)of + f->offset;

	switch (f->kind) {
	case EVENT_NUMBER:
		event_text_number(sb, key, *(const int64_t *)at);
		break;
	case EVENT_COUNT:
	case EVENT_LINE:
		put_line(sb, key, *(const uint64_t *)at);
		break;
	case EVENT_TEXT:
		event_text_string(sb, key, *(const char *const *)at);
		break;
	case EVENT_WORD:
		put_word(sb, f, at);
		break;
	case EVENT_FLAG:
		if (*(const bool *)at)
			put_flag(sb, key, true);
		break;
	case EVENT_ADDRESS:
		if (*(const bool *)((const char *)of + f->beside))
			put_address(sb, key, *(const uint64_t *)at);
		break;
	case EVENT_PART:
		put_part(sb, f, at);
		break;
	case EVENT_OBJECTS:
	case EVENT_PAIRS:
	case EVENT_TEXTS:
	case EVENT_BYTES:
	case EVENT_END:
		break;
	}
}

static void put_members(struct strbuf *sb, const struct event_field *fields, const void *of)
{
	json_text_open(sb, '{');
	for (const struct event_field *f = fields; f->kind != EVENT_END; f++)
		if (f->key)
			put_field(sb, f, f->key, of);
	json_text_close(sb, '}');
}

static void put_part(struct strbuf *sb, const struct event_field *f, const void *part)
{
	json_text_key(sb, f->key);
	put_members(sb, f->fields, part);
}

static void put_objects(struct strbuf *sb, const struct event_field *list, const char *elements,
			size_t count)
{
	json_text_open(sb, '[');
	for (size_t i = 0; i < count; i++)
		put_members(sb, list->fields, elements + i * list->element_size);
	json_text_close(sb, ']');
}

void event_text_victim(struct strbuf *sb, const struct oomlog_victim *victim)
{
	for (const struct event_field *f = event_fields_victim; f->kind != EVENT_END; f++)
		if (f->first_key)
			put_field(sb, f, f->first_key, victim);
}

void event_text_all(struct strbuf *sb, const struct oomlog_event *event)
{
	for (const struct event_field *f = event_fields; f->kind != EVENT_END; f++) {
		if (!f->key || f->offset == offsetof(struct oomlog_event, notes))
			continue;
		if (f->offset == offsetof(struct oomlog_event, victims) && event->victim_count)
			event_text_victim(sb, event->victims);
		if (!event_fields_is_list(f))
			put_field(sb, f, f->key, event);
		else if (f->is_told_empty || event_fields_count(f, event))
			put_list(sb, f, event);
	}
}

static const struct event_field *field_named(const char *key)
{
	for (const struct event_field *f = event_fields; f->kind != EVENT_END; f++)
		if (f->key && !strcmp(f->key, key))
			return f;
	BUG("an OOM event has no '%s'", key);
}

void event_text_keys(struct strbuf *sb, const struct oomlog_event *event, const char *const *keys)
{
	for (; *keys; keys++) {
		const struct event_field *f = field_named(*keys);

		if (event_fields_is_list(f))
			put_list(sb, f, event);
		else if (f->kind == EVENT_FLAG)
			put_flag(sb, f->key, *(const bool *)((const char *)event + f->offset));
		else
			put_field(sb, f, f->key, event);
	}
}

static void put_candidate(struct strbuf *sb, const char *key, const struct explanation *x,
			  size_t index)
{
	const struct candidate *c = &x->candidates[index];

	json_text_key(sb, key);
	json_text_open(sb, '{');
	event_text_number(sb, "pid", c->pid);
	event_text_string(sb, "comm", c->comm);
	event_text_number(sb, "rss_bytes", c->rss_bytes);
	event_text_number(sb, "footprint_bytes", c->footprint_bytes);
	if (x->total_is_exact)
		event_text_number(sb, "score_bytes", c->points_bytes);
	event_text_number(sb, "oom_score_adj", c->oom_score_adj);
	json_text_close(sb, '}');
}

void event_text_candidates(struct strbuf *sb, const struct explanation *x)
{
	if (x->largest != SIZE_MAX)
		put_candidate(sb, "largest_task", x, x->largest);
	if (x->runner_up != SIZE_MAX)
		put_candidate(sb, "runner_up", x, x->runner_up);
}

void event_text_sentence(struct strbuf *sb, const struct sentence *sentence)
{
	event_text_string(sb, "topic", topic_title(sentence->topic));
	event_text_string(sb, "text", sentence->text);
}
