#include "explain/what_if_print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "base/utf8.h"
#include "explain/event_json.h"
#include "explain/explain_doc.h"
#include "explain/explain_json.h"

#define ROWS_SHOWN 8

static bool is_exact(const struct what_if *w)
{
	return w->total_low == w->total_high;
}

static const char *mark(const struct what_if *w, size_t index)
{
	if (index == w->chosen)
		return "chosen";
	if (index == w->actual)
		return "in the log";
	return w->tasks[index].may_be_killed ? "" : "never";
}

static void add_row(struct doc *doc, const struct what_if *w, size_t index)
{
	const struct what_if_task *task = &w->tasks[index];
	int64_t score = task->score_bytes;
	_cleanup_strbuf_ struct strbuf cells = STRBUF_INIT;
	size_t adj, pid;

	if (is_exact(w) && task->may_be_killed)
		strbuf_printf(&cells, "%s%s", score < 0 ? "-" : "",
			      TEXT_SIZE((uint64_t)llabs(score)));
	else
		strbuf_puts(&cells, "-");
	strbuf_putc(&cells, '\0');
	adj = cells.len;
	strbuf_printf(&cells, "%" PRId64, task->oom_score_adj);
	strbuf_putc(&cells, '\0');
	pid = cells.len;
	strbuf_printf(&cells, "%" PRId64, task->row->pid);
	doc_row(doc, cells.buf, TEXT_SIZE((uint64_t)task->footprint_bytes), cells.buf + adj,
		cells.buf + pid, mark(w, index), task->row->comm ? task->row->comm : "?");
}

static void add_table(struct doc *doc, const struct what_if *w)
{
	doc_table(doc);
	doc_row(doc, "score", "footprint", "oom_score_adj", "pid", "", "name");
	for (size_t i = 0; i < w->task_count; i++)
		if (i < ROWS_SHOWN || i == w->chosen || i == w->actual || i == w->rival)
			add_row(doc, w, i);
}

void what_if_doc(struct doc *doc, const struct what_if *w, const struct what_if_changes *changes)
{
	_cleanup_strbuf_ struct strbuf title = STRBUF_INIT;

	strbuf_puts(&title, "What if: ");
	for (size_t i = 0; i < changes->text_count; i++) {
		strbuf_puts(&title, i ? ", " : "");
		strbuf_puts(&title, changes->texts[i]);
	}
	doc_heading(doc, "%s", title.buf);
	for (size_t i = 0; i < w->said.sentence_count; i++) {
		const struct sentence *s = &w->said.sentences[i];

		doc_item(doc, s->text);
		explain_doc_cite(doc, s->lines, s->line_count);
	}
	if (w->is_judged && w->task_count)
		add_table(doc, w);
}

static void put_task(json_t *object, const char *key, const struct what_if *w, size_t index)
{
	json_t *value;

	if (index == SIZE_MAX)
		return;
	value = json_object();
	event_json_put_number(value, "pid", w->tasks[index].row->pid);
	event_json_put_text(value, "comm", w->tasks[index].row->comm);
	event_json_put_number(value, "footprint_bytes", w->tasks[index].footprint_bytes);
	if (is_exact(w))
		event_json_put_number(value, "score_bytes", w->tasks[index].score_bytes);
	event_json_put_number(value, "oom_score_adj", w->tasks[index].oom_score_adj);
	json_object_set_new_nocheck(object, key, value);
}

static json_t *doubts_value(unsigned doubts)
{
	static const char *const words[] = {"total", "root", "tie",    "zero",	     "swap",
					    "close", "rows", "thread", "unexplained"};
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (doubts & 1U << i)
			json_array_append_new(array, json_string(words[i]));
	return array;
}

static void put_choice(json_t *object, const struct what_if *w)
{
	json_object_set_new_nocheck(object, "certain", json_boolean(!w->doubts));
	json_object_set_new_nocheck(object, "doubts", doubts_value(w->doubts));
	put_task(object, "actual", w, w->actual);
	put_task(object, "chosen", w, w->chosen);
	put_task(object, "runner_up", w, w->runner_up);
	put_task(object, "rival", w, w->rival);
	event_json_put_number(object, "margin_bytes", what_if_margin(w));
	if (is_exact(w))
		event_json_put_number(object, "total_bytes", w->total_low);
}

json_t *what_if_json(const struct what_if *w, const struct what_if_changes *changes)
{
	json_t *object = json_object(), *texts = json_array(), *sentences = json_array(), *sentence;

	for (size_t i = 0; i < changes->text_count; i++) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

		utf8_append(&text, changes->texts[i], strlen(changes->texts[i]));
		json_array_append_new(texts, json_stringn_nocheck(text.buf, text.len));
	}
	for (size_t i = 0; i < w->said.sentence_count; i++) {
		sentence = json_object();
		event_json_put_text(sentence, "text", w->said.sentences[i].text);
		json_object_set_new_nocheck(sentence, "lines",
					    explain_json_lines(&w->said.sentences[i]));
		json_array_append_new(sentences, sentence);
	}
	json_object_set_new_nocheck(object, "changes", texts);
	json_object_set_new_nocheck(object, "judged", json_boolean(w->is_judged));
	if (w->is_judged)
		put_choice(object, w);
	json_object_set_new_nocheck(object, "sentences", sentences);
	return object;
}
