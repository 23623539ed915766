#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/utf8.h"
#include "replay/replay_compare.h"

static char *scale_words(double factor)
{
	if (factor > 0.995 && factor < 1.005)
		return text_format("Processes have the sizes of the log.");
	if (factor < 0.1)
		return text_format("Processes have 1/%.0f of their sizes in the log.", 1 / factor);
	if (factor < 1)
		return text_format("Processes have %.0f %% of their sizes in the log.",
				   factor * 100);
	return text_format("Processes have %.1f times their sizes in the log.", factor);
}

/* ", and 2 processes that the log does not name"; "" where there are none. The caller frees. */
static char *others_words(const struct replay_comparison *c)
{
	if (!c->same_victim || !c->others_killed)
		return xstrdup("");
	return text_format(", and %s that the log does not name",
			   TEXT_COUNT(c->others_killed, "process"));
}

static void say_kill(struct doc *doc, const struct replay_comparison *c, bool is_changed)
{
	_cleanup_free_ char *others = others_words(c);

	if (is_changed && c->same_victim)
		doc_summary(doc, DOC_NEUTRAL, "With the change the kernel kills %s all the same%s.",
			    c->log_victim, others);
	else if (is_changed)
		doc_summary(doc, DOC_NEUTRAL,
			    "With the change the kernel kills %s; in the log it was %s.",
			    c->run_victim, c->log_victim);
	else if (c->same_victim)
		doc_summary(doc, DOC_GOOD,
			    "It happened again: the kernel killed %s, as in the log%s.",
			    c->log_victim, others);
	else
		doc_summary(doc, DOC_BAD, "The kernel killed %s here, and %s in the log.",
			    c->run_victim, c->log_victim);
}

static void say_panic(struct doc *doc, const struct replay_comparison *c)
{
	if (c->has_panicked)
		doc_summary(doc, DOC_GOOD,
			    "It happened again: the kernel panicked and killed nobody, as "
			    "vm.panic_on_oom says and as in the log.");
	else
		doc_summary(doc, DOC_BAD, "In the log the kernel panicked; here it did not.");
}

static void say_summary(struct doc *doc, const struct replay_comparison *c, bool is_changed)
{
	if (c->plan->panic_on_oom)
		say_panic(doc, c);
	else if (!c->has_kill)
		doc_summary(doc, DOC_BAD, "Nobody was killed here; in the log it was %s.",
			    c->log_victim);
	else if (!c->same_constraint)
		doc_summary(doc, DOC_BAD,
			    "The kernel killed %s, but not for the same reason as in the log.",
			    c->run_victim);
	else
		say_kill(doc, c, is_changed);
}

static void add_facts(struct doc *doc, const struct replay_comparison *c, const char *title,
		      size_t from, size_t to)
{
	if (from == to)
		return;
	doc_heading(doc, "%s", title);
	doc_table(doc);
	doc_row(doc, "", "in the log", "here");
	for (size_t i = from; i < to; i++)
		doc_row(doc, c->facts[i].what, c->facts[i].in_log ? c->facts[i].in_log : "not told",
			c->facts[i].in_run ? c->facts[i].in_run : "not told");
}

static void add_order(struct doc *doc, const struct replay_comparison *c)
{
	size_t rows = c->log_order.count > c->run_order.count ? c->log_order.count
							      : c->run_order.count;

	if (!c->log_order.count || !c->run_order.count)
		return;
	doc_heading(doc, "Highest scores");
	doc_table(doc);
	doc_row(doc, "", "in the log", "here");
	for (size_t i = 0; i < rows; i++) {
		_cleanup_free_ char *place = text_format("%zu", i + 1);

		doc_row(doc, place, i < c->log_order.count ? c->log_order.list[i] : "",
			i < c->run_order.count ? c->run_order.list[i] : "");
	}
}

static void add_list(struct doc *doc, const char *title, const struct strvec *items)
{
	if (!items->count)
		return;
	doc_heading(doc, "%s", title);
	for (size_t i = 0; i < items->count; i++)
		doc_item(doc, items->list[i]);
}

static void add_changes(struct doc *doc, const struct what_if_changes *changes)
{
	if (!changes->text_count)
		return;
	doc_heading(doc, "What was changed");
	for (size_t i = 0; i < changes->text_count; i++)
		doc_item(doc, changes->texts[i]);
}

void replay_doc(struct doc *doc, const struct replay_comparison *c,
		const struct what_if_changes *changes)
{
	_cleanup_free_ char *scale = scale_words(c->plan->factor);

	doc_title(doc, "Replay of %s", c->log);
	say_summary(doc, c, changes->text_count);
	doc_sentence(doc, "%s", scale);
	doc_sentence(doc, "The guest has %s, and %s of the log.",
		     TEXT_SIZE((uint64_t)c->plan->ram_bytes),
		     TEXT_COUNT(c->plan->row_count, "process"));
	add_changes(doc, changes);
	add_facts(doc, c, "Side by side", 0, c->first_part);
	add_order(doc, c);
	add_facts(doc, c, "Where the memory was", c->first_part, c->fact_count);
	add_list(doc, "What differs, and why", &c->differences);
	add_list(doc, "What was chosen, because it is not in the log or not possible here",
		 &c->plan->choices);
}

/* Names and paths are whatever bytes the log has. */
static json_t *text_json(const char *text)
{
	_cleanup_strbuf_ struct strbuf clean = STRBUF_INIT;

	utf8_append(&clean, text, strlen(text));
	return json_stringn_nocheck(clean.buf ? clean.buf : "", clean.len);
}

static json_t *list_json(const struct strvec *words)
{
	json_t *list = json_array();

	for (size_t i = 0; i < words->count; i++)
		json_array_append_new(list, text_json(words->list[i]));
	return list;
}

static json_t *facts_json(const struct replay_comparison *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->fact_count; i++) {
		json_t *fact = json_pack("{ss}", "what", c->facts[i].what);

		if (c->facts[i].in_log)
			json_object_set_new(fact, "log", text_json(c->facts[i].in_log));
		if (c->facts[i].in_run)
			json_object_set_new(fact, "run", text_json(c->facts[i].in_run));
		json_array_append_new(list, fact);
	}
	return list;
}

json_t *replay_json(const struct replay_comparison *c, const struct what_if_changes *changes)
{
	json_t *object = json_pack("{ss so so sf sI sI sb}", "schema", "oomlab.replay/1", "log",
				   text_json(c->log), "folder", text_json(c->folder), "factor",
				   c->plan->factor, "processes", (json_int_t)c->plan->row_count,
				   "ram_bytes", (json_int_t)c->plan->ram_bytes, "killed",
				   c->has_kill);
	json_t *changed = json_array();

	for (size_t i = 0; i < changes->text_count; i++)
		json_array_append_new(changed, text_json(changes->texts[i]));
	json_object_set_new(object, "changes", changed);
	if (c->log_victim)
		json_object_set_new(object, "log_victim", text_json(c->log_victim));
	if (c->plan->panic_on_oom)
		json_object_set_new(object, "panicked", json_boolean(c->has_panicked));
	if (c->has_kill) {
		json_object_set_new(object, "run_victim", text_json(c->run_victim));
		json_object_set_new(object, "same_victim", json_boolean(c->same_victim));
		json_object_set_new(object, "same_constraint", json_boolean(c->same_constraint));
		json_object_set_new(object, "same_scope", json_boolean(c->same_scope));
	}
	json_object_set_new(object, "facts", facts_json(c));
	json_object_set_new(object, "log_order", list_json(&c->log_order));
	json_object_set_new(object, "run_order", list_json(&c->run_order));
	json_object_set_new(object, "differences", list_json(&c->differences));
	json_object_set_new(object, "choices", list_json(&c->plan->choices));
	return object;
}
