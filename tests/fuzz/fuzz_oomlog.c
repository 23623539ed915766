/*
 * fuzz_oomlog.c - any bytes through the whole of explain: parser, explanation, all outputs, and
 * the plan of a replay.
 *
 * The first byte says in how large pieces the text is fed. Checked besides memory safety: the
 * events are the same whatever the pieces, and line numbers are within the text and in order.
 */
#include <stdio.h>

#include "base/err.h"
#include "doc/emit.h"
#include "explain/explain_doc.h"
#include "explain/explain_json.h"
#include "explain/what_if_print.h"
#include "fuzz.h"
#include "oomlog/oomlog.h"
#include "replay/replay_compare.h"
#include "replay/replay_source.h"

struct tally {
	FILE *sink;
	uint64_t events, victims, tasks, last_line, sum;
};

static void print_all(struct tally *tally, const struct oomlog_event *event)
{
	const struct explain_place place = {"f", 1};
	struct strbuf out = STRBUF_INIT;
	struct doc doc = {0};
	struct explanation x;
	static const char *const asked[] = {"adj hog=-500", "limit=2G", "swap=1024T", "group=on",
					    "kill-allocating=on"};
	struct what_if_changes changes = WHAT_IF_CHANGES_INIT;
	struct err err = ERR_INIT;
	struct what_if what_if;

	explanation_make(&x, event);
	explain_doc(&doc, &place, event, &x);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		require(!what_if_changes_add(&changes, asked[i], &err));
	what_if_make(&what_if, &changes, event, &x);
	what_if_doc(&doc, &what_if, &changes);
	emit_text(&doc, false, 80, &out);
	emit_markdown(&doc, &out);
	emit_html(&doc, &out);
	doc_release(&doc);
	strbuf_release(&out);
	explain_json_event(tally->sink, event, &x, "f", tally->events,
			   what_if_json(&what_if, &changes));
	what_if_release(&what_if);
	what_if_changes_release(&changes);
	explanation_release(&x);
	rewind(tally->sink);
}

/* What a replay would be made of; the event stands for that of the run, too. */
static void replay_all(const struct oomlog_event *event)
{
	struct what_if_changes changes = WHAT_IF_CHANGES_INIT;
	struct replay_comparison c = {.log = xstrdup("f"), .folder = xstrdup("g")};
	struct strbuf out = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct replay_plan plan;
	struct doc doc = {0};

	if (replay_plan_make(&plan, event, &changes, (int64_t)4 << 30, &err) == 0) {
		require(plan.invoker < plan.row_count && plan.ram_bytes <= (int64_t)4 << 30);
		for (size_t i = 0; i < plan.row_count; i++)
			require(plan.rows[i].place < plan.places.count);
		replay_plan_write(&plan, &out);
		replay_source(&plan, "f", "g", &out);
	}
	if (!err.status) {
		replay_compare(&c, &plan, event, event, false);
		replay_doc(&doc, &c, &changes);
		emit_text(&doc, false, 80, &out);
		json_decref(replay_json(&c, &changes));
		doc_release(&doc);
	}
	replay_comparison_release(&c);
	replay_plan_release(&plan);
	strbuf_release(&out);
}

static void on_event(const struct oomlog_event *event, void *ctx)
{
	struct tally *tally = ctx;

	require(event->lines.first > 0 && event->lines.last >= event->lines.first);
	require(event->lines.first >= tally->last_line);
	tally->last_line = event->lines.last;
	tally->events++;
	tally->victims += event->victim_count;
	tally->tasks += event->task_count;
	tally->sum = tally->sum * 31 + event->lines.first + event->lines.last * 7;
	if (tally->sink)
		print_all(tally, event);
	if (tally->sink)
		replay_all(event);
}

static struct tally run(const uint8_t *data, size_t size, size_t piece, FILE *sink)
{
	struct tally tally = {.sink = sink};
	struct oomlog_options options = {0, on_event, &tally, NULL};
	struct oomlog *log = oomlog_new(&options);

	for (size_t at = 0; at < size; at += piece)
		oomlog_feed(log, (const char *)data + at, size - at < piece ? size - at : piece);
	oomlog_end(log);
	require(tally.last_line <= oomlog_line_count(log));
	oomlog_free(log);
	return tally;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *null;
	size_t piece = size ? (size_t)data[0] % 97 + 1 : 1;

	if (!null)
		null = fopen("/dev/null", "w");
	struct tally whole = run(data, size, size + 1, null);
	struct tally pieces = run(data, size, piece, NULL);
	require(whole.events == pieces.events && whole.sum == pieces.sum &&
		whole.victims == pieces.victims && whole.tasks == pieces.tasks);
	return 0;
}
