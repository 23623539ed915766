#include "explain/explain_json.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "explain/event_json.h"

json_t *explain_json_lines(const struct sentence *s)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < s->line_count; i++)
		json_array_append_new(lines, json_integer((json_int_t)s->lines[i]));
	return lines;
}

static json_t *sentence_value(const struct sentence *s)
{
	json_t *sentence = event_json_sentence(s);

	json_object_set_new_nocheck(sentence, "lines", explain_json_lines(s));
	return sentence;
}

static json_t *budget_value(const struct explanation *x)
{
	json_t *budget = json_array();

	for (size_t i = 0; i < x->budget_count; i++) {
		json_t *item = json_object();

		event_json_put_text(item, "what", x->budget[i].name);
		event_json_put_number(item, "bytes", x->budget[i].bytes);
		json_array_append_new(budget, item);
	}
	return budget;
}

static void put_explanation(json_t *object, const struct explanation *x)
{
	json_t *sentences = json_array();

	for (size_t i = 0; i < x->sentence_count; i++)
		json_array_append_new(sentences, sentence_value(&x->sentences[i]));
	event_json_put_text(object, "summary", x->headline);
	event_json_put_candidates(object, x);
	if (x->budget_count)
		json_object_set_new_nocheck(object, "budget", budget_value(x));
	json_object_set_new_nocheck(object, "explanation", sentences);
}

void explain_json_begin(FILE *to)
{
	fputs("{\"schema\": \"oomlab.explain/1\", \"events\": [", to);
}

void explain_json_event(FILE *to, const struct oomlog_event *event, const struct explanation *x,
			const char *file, uint64_t index, json_t *what_if)
{
	static const char *const about_the_log[] = {"notes", NULL};
	json_t *object = json_object();

	event_json_put_all(object, event);
	put_explanation(object, x);
	event_json_put(object, event, about_the_log);
	if (what_if)
		json_object_set_new_nocheck(object, "what_if", what_if);
	event_json_put_text(object, "file", file);
	fputs(index ? ",\n" : "\n", to);
	_cleanup_free_ char *text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	fputs(text ? text : "{}", to);
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
