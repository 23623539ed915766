#include "explain/explain_json.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "explain/event_text.h"

json_t *explain_json_lines(const struct sentence *s)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < s->line_count; i++)
		json_array_append_new(lines, json_integer((json_int_t)s->lines[i]));
	return lines;
}

static void put_sentences(struct strbuf *sb, const struct explanation *x)
{
	json_text_key(sb, "explanation");
	json_text_open(sb, '[');
	for (size_t i = 0; i < x->sentence_count; i++) {
		const struct sentence *s = &x->sentences[i];

		json_text_open(sb, '{');
		event_text_sentence(sb, s);
		json_text_key(sb, "lines");
		json_text_open(sb, '[');
		for (size_t j = 0; j < s->line_count; j++)
			json_text_number(sb, (int64_t)s->lines[j]);
		json_text_close(sb, ']');
		json_text_close(sb, '}');
	}
	json_text_close(sb, ']');
}

static void put_budget(struct strbuf *sb, const struct explanation *x)
{
	json_text_key(sb, "budget");
	json_text_open(sb, '[');
	for (size_t i = 0; i < x->budget_count; i++) {
		json_text_open(sb, '{');
		event_text_string(sb, "what", x->budget[i].name);
		event_text_number(sb, "bytes", x->budget[i].bytes);
		json_text_close(sb, '}');
	}
	json_text_close(sb, ']');
}

static void put_explanation(struct strbuf *sb, const struct explanation *x)
{
	event_text_string(sb, "summary", x->headline);
	event_text_candidates(sb, x);
	if (x->budget_count)
		put_budget(sb, x);
	put_sentences(sb, x);
}

/* Consumes the value. */
static void put_value(struct strbuf *sb, const char *key, json_t *value)
{
	_cleanup_free_ char *text = json_dumps(value, JSON_COMPACT);

	json_decref(value);
	json_text_key(sb, key);
	strbuf_puts(sb, text ? text : "{}");
}

void explain_json_begin(FILE *to)
{
	fputs("{\"schema\": \"oomlab.explain/1\", \"events\": [", to);
}

void explain_json_event(FILE *to, const struct oomlog_event *event, const struct explanation *x,
			const char *file, uint64_t index, json_t *what_if)
{
	static const char *const about_the_log[] = {"notes", NULL};
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	strbuf_reserve(&sb, 4096);
	json_text_open(&sb, '{');
	event_text_all(&sb, event);
	put_explanation(&sb, x);
	event_text_keys(&sb, event, about_the_log);
	if (what_if)
		put_value(&sb, "what_if", what_if);
	event_text_string(&sb, "file", file);
	json_text_close(&sb, '}');
	fputs(index ? ",\n" : "\n", to);
	fwrite(sb.buf, 1, sb.len, to);
}

void explain_json_end(FILE *to, const struct explain_quality *quality, const struct others *others)
{
	json_t *array = others_json(others);
	_cleanup_free_ char *text = json_dumps(array, JSON_COMPACT);

	json_decref(array);
	fprintf(to,
		"\n], \"others\": %s, \"quality\": {\"lines\": %" PRIu64 ", \"bytes\": %" PRIu64
		", \"events\": %" PRIu64 ", \"notes\": %" PRIu64 "}}\n",
		text ? text : "[]", quality->lines, quality->bytes, quality->events,
		quality->notes);
}
