#include "explain/explain_doc.h"

#include <inttypes.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"

#define ROWS_SHOWN 8

static void put(struct strbuf *sb, const char *before, uint64_t number)
{
	char text[TEXT_NUMBER_MAX];

	strbuf_puts(sb, before);
	strbuf_puts(sb, text_number(text, number));
}

static void put_when(struct strbuf *title, const struct oomlog_event *ev)
{
	if (ev->wall) {
		strbuf_puts(title, ", ");
		strbuf_puts(title, ev->wall);
	} else if (ev->time_ns != ABSENT && ev->time_ns >= 0) {
		strbuf_printf(title, ", %" PRId64 ".%06" PRId64 " s after boot",
			      ev->time_ns / 1000000000, ev->time_ns / 1000 % 1000000);
	}
	if (ev->kernel) {
		strbuf_puts(title, ", kernel ");
		strbuf_puts(title, ev->kernel);
	}
}

void explain_doc_head(struct doc *doc, const struct explain_place *place,
		      const struct oomlog_event *ev, const struct explanation *x)
{
	_cleanup_strbuf_ struct strbuf title = STRBUF_INIT;

	put(&title, "OOM ", place->index);
	strbuf_puts(&title, ": ");
	strbuf_puts(&title, place->file);
	put(&title, ", lines ", ev->lines.first);
	put(&title, "-", ev->lines.last);
	put_when(&title, ev);
	doc_title(doc, "%s", title.buf);
	doc_summary(doc, DOC_NEUTRAL, "%s", x->headline);
}

void explain_doc_cite(struct doc *doc, const uint64_t *lines, size_t count)
{
	char text[sizeof("lines ") + EXPLAIN_LINES * (TEXT_NUMBER_MAX + 2)],
		number[TEXT_NUMBER_MAX];
	char *end = text;

	for (size_t i = 0; i < count && i < EXPLAIN_LINES; i++) {
		end = stpcpy(end, i ? ", " : count > 1 ? "lines " : "line ");
		end = stpcpy(end, text_number(number, lines[i]));
	}
	if (count)
		doc_cite(doc, "%s", text);
}

static const char *mark(const struct candidate *c)
{
	return c->is_victim ? "killed" : c->unkillable ? "never" : "";
}

/* pre: buf has TEXT_NUMBER_MAX + 1 bytes. */
static const char *signed_text(char *buf, int64_t value)
{
	buf[0] = '-';
	text_number(buf + (value < 0), value < 0 ? -(uint64_t)value : (uint64_t)value);
	return buf;
}

static void add_candidate(struct doc *doc, const struct candidate *c)
{
	char adj[TEXT_NUMBER_MAX + 1], pid[TEXT_NUMBER_MAX + 1];

	doc_row(doc, TEXT_SIZE((uint64_t)c->footprint_bytes), TEXT_SIZE((uint64_t)c->rss_bytes),
		signed_text(adj, c->oom_score_adj), signed_text(pid, c->pid), mark(c), c->comm);
}

static void add_candidates(struct doc *doc, const struct explanation *x)
{
	if (!x->candidate_count)
		return;
	doc_table(doc);
	doc_row(doc, "footprint", "resident", "oom_score_adj", "pid", "", "name");
	for (size_t i = 0; i < x->candidate_count; i++)
		if (i < ROWS_SHOWN || i == x->victim || i == x->largest)
			add_candidate(doc, &x->candidates[i]);
	if (x->candidate_count > ROWS_SHOWN)
		doc_sentence(doc, "%zu processes were listed; the highest scores are shown.",
			     x->candidate_count);
}

static void add_budget(struct doc *doc, const struct explanation *x)
{
	if (!x->budget_count || x->budget_total == ABSENT || x->budget_total <= 0)
		return;
	doc_bars(doc, x->budget_total, NULL);
	for (size_t i = 0; i < x->budget_count; i++)
		doc_bar(doc, x->budget[i].name, x->budget[i].bytes);
}

static void add_sentences(struct doc *doc, const struct explanation *x)
{
	for (size_t i = 0; i < x->sentence_count; i++) {
		const struct sentence *s = &x->sentences[i];
		bool is_last = i + 1 == x->sentence_count || s[1].topic != s->topic;

		if (i == 0 || s[-1].topic != s->topic)
			doc_heading(doc, "%s", topic_title(s->topic));
		doc_item(doc, s->text);
		explain_doc_cite(doc, s->lines, s->line_count);
		if (is_last && s->topic == TOPIC_MEMORY)
			add_budget(doc, x);
		if (is_last && s->topic == TOPIC_WHY)
			add_candidates(doc, x);
	}
}

static void add_notes(struct doc *doc, const struct oomlog_event *ev)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char number[TEXT_NUMBER_MAX];

	if (ev->note_count)
		doc_heading(doc, "About the log");
	for (size_t i = 0; i < ev->note_count; i++) {
		strbuf_clear(&text);
		strbuf_puts(&text, ev->notes[i].text);
		strbuf_putc(&text, '.');
		doc_item(doc, text.buf);
		if (ev->notes[i].line)
			doc_cite(doc, "line %s", text_number(number, ev->notes[i].line));
	}
}

void explain_doc(struct doc *doc, const struct explain_place *place, const struct oomlog_event *ev,
		 const struct explanation *x)
{
	explain_doc_head(doc, place, ev, x);
	add_sentences(doc, x);
	add_notes(doc, ev);
}
