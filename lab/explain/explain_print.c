#include "explain/explain_print.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "doc/emit.h"

#define ROWS_SHOWN 8
/* Most pages are shorter. */
#define PAGE_BYTES 8192
#define BAR_CELLS  24

/* A page of plain text on its way. */
struct sheet {
	const struct explain_page *page;
	struct strbuf text;
	struct strbuf line; /* a sentence, before it is wrapped */
};

/* Text behind `lead`, which is ASCII, the following lines indented to the same column. */
static void wrap(struct sheet *sheet, const char *lead, const char *text)
{
	static const char blanks[] = "        ";
	const size_t indent = strlen(lead);
	const char *const end = text + strlen(text);

	if (indent >= sizeof(blanks))
		BUG("a lead of %zu columns", indent);
	for (const char *stop; text <= end; text = stop + 1) {
		stop = text_line_end(text, end, sheet->page->columns - (int)indent);
		strbuf_append(&sheet->text, lead, indent);
		strbuf_append(&sheet->text, text, (size_t)(stop - text));
		strbuf_append(&sheet->text, "\n", 1);
		lead = blanks;
	}
}

static void add_lines(struct strbuf *text, const uint64_t *lines, size_t count)
{
	char number[TEXT_NUMBER_MAX];

	for (size_t i = 0; i < count; i++) {
		strbuf_puts(text, i ? ", " : count > 1 ? " [lines " : " [line ");
		strbuf_puts(text, text_number(number, lines[i]));
	}
	if (count)
		strbuf_puts(text, "]");
}

static const char *bold(const struct explain_page *page)
{
	return page->colour ? "\033[1m" : "";
}

static const char *plain(const struct explain_page *page)
{
	return page->colour ? "\033[0m" : "";
}

static void text_heading(struct sheet *sheet, const char *title)
{
	struct strbuf *out = &sheet->text;

	strbuf_puts(out, "\n");
	strbuf_puts(out, bold(sheet->page));
	strbuf_puts(out, title);
	strbuf_puts(out, plain(sheet->page));
	strbuf_puts(out, "\n");
}

static void when(struct strbuf *out, const struct oomlog_event *ev)
{
	struct strbuf wall = STRBUF_INIT;

	if (ev->wall) {
		strbuf_puts(&wall, ev->wall);
		text_neutralise(wall.buf);
		strbuf_printf(out, ", %s", wall.buf);
		strbuf_release(&wall);
	} else if (ev->time_ns != ABSENT && ev->time_ns >= 0) {
		strbuf_printf(out, ", %" PRId64 ".%06" PRId64 " s after boot",
			      ev->time_ns / 1000000000, ev->time_ns / 1000 % 1000000);
	}
	if (ev->kernel)
		strbuf_printf(out, ", kernel %s", ev->kernel);
}

static void title(struct strbuf *out, const struct explain_page *page,
		  const struct oomlog_event *ev)
{
	strbuf_printf(out, "OOM %" PRIu64 ": %s, lines %" PRIu64 "-%" PRIu64, page->index,
		      page->file, ev->lines.first, ev->lines.last);
	when(out, ev);
}

static void bar(char *cells, int64_t part, int64_t whole)
{
	int filled = whole > 0 ? (int)((double)part * BAR_CELLS / (double)whole + 0.5) : 0;

	if (filled > BAR_CELLS)
		filled = BAR_CELLS;
	for (int i = 0; i < BAR_CELLS; i++)
		cells[i] = i < filled ? '#' : '.';
	cells[BAR_CELLS] = '\0';
}

/* At the right / left end of `columns`, 12 at most, as "%12s" and "%-12s" would. */
static void put_right(struct strbuf *out, const char *text, size_t columns)
{
	static const char blanks[] = "            ";
	size_t n = strlen(text);

	strbuf_append(out, blanks, n < columns ? columns - n : 0);
	strbuf_append(out, text, n);
}

static void put_left(struct strbuf *out, const char *text, size_t columns)
{
	strbuf_puts(out, text);
	for (size_t n = strlen(text); n < columns; n++)
		strbuf_putc(out, ' ');
}

static void put_number(struct strbuf *out, int64_t value, size_t columns)
{
	char text[1 + TEXT_NUMBER_MAX] = "-";

	text_number(text + (value < 0), value < 0 ? -(uint64_t)value : (uint64_t)value);
	put_right(out, text, columns);
}

static void text_budget(struct strbuf *out, const struct explanation *x)
{
	char cells[BAR_CELLS + 1];

	if (!x->budget_count || x->budget_total == ABSENT || x->budget_total <= 0)
		return;
	strbuf_puts(out, "\n");
	for (size_t i = 0; i < x->budget_count && i < ROWS_SHOWN; i++) {
		bar(cells, x->budget[i].bytes, x->budget_total);
		put_right(out, TEXT_SIZE((uint64_t)x->budget[i].bytes), 12);
		strbuf_puts(out, "  ");
		strbuf_append(out, cells, BAR_CELLS);
		strbuf_puts(out, "  ");
		strbuf_puts(out, x->budget[i].name);
		strbuf_puts(out, "\n");
	}
}

static const char *mark(const struct candidate *c)
{
	return c->is_victim ? "killed" : c->unkillable ? "never" : "";
}

static void text_candidate(struct strbuf *out, const struct candidate *c)
{
	strbuf_puts(out, "  ");
	put_right(out, TEXT_SIZE((uint64_t)c->footprint_bytes), 10);
	strbuf_puts(out, "  ");
	put_right(out, TEXT_SIZE((uint64_t)c->rss_bytes), 10);
	strbuf_puts(out, "  ");
	put_number(out, c->oom_score_adj, 6);
	strbuf_puts(out, "  ");
	put_number(out, c->pid, 8);
	strbuf_puts(out, "  ");
	put_left(out, mark(c), 6);
	strbuf_puts(out, "  ");
	strbuf_puts(out, c->comm);
	strbuf_puts(out, "\n");
}

static void text_candidates(struct strbuf *out, const struct explanation *x)
{
	if (!x->candidate_count)
		return;
	strbuf_puts(out, "\n   footprint    resident     adj       pid          name\n");
	for (size_t i = 0; i < x->candidate_count; i++)
		if (i < ROWS_SHOWN || i == x->victim || i == x->largest)
			text_candidate(out, &x->candidates[i]);
	if (x->candidate_count > ROWS_SHOWN)
		strbuf_printf(out, "  %zu processes were listed; the highest scores are shown.\n",
			      x->candidate_count);
}

static void text_sentence(struct sheet *sheet, const char *text, const char *stop,
			  const uint64_t *lines, size_t count)
{
	strbuf_clear(&sheet->line);
	strbuf_puts(&sheet->line, text);
	strbuf_puts(&sheet->line, stop);
	add_lines(&sheet->line, lines, count);
	wrap(sheet, "  - ", sheet->line.buf);
}

static void text_topic(struct sheet *sheet, const struct explanation *x, enum topic topic)
{
	bool any = false;

	for (size_t i = 0; i < x->sentence_count; i++) {
		const struct sentence *s = &x->sentences[i];

		if (s->topic != topic)
			continue;
		if (!any)
			text_heading(sheet, topic_title(topic));
		any = true;
		text_sentence(sheet, s->text, "", s->lines, s->line_count);
	}
	if (any && topic == TOPIC_MEMORY)
		text_budget(&sheet->text, x);
	if (any && topic == TOPIC_WHY)
		text_candidates(&sheet->text, x);
}

static void text_notes(struct sheet *sheet, const struct oomlog_event *ev)
{
	if (ev->note_count)
		text_heading(sheet, "About the log");
	for (size_t i = 0; i < ev->note_count; i++)
		text_sentence(sheet, ev->notes[i].text, ".", &ev->notes[i].line,
			      ev->notes[i].line != 0);
}

void explain_print_text(const struct explain_page *page, const struct oomlog_event *ev,
			const struct explanation *x)
{
	struct sheet sheet = {page, STRBUF_INIT, STRBUF_INIT};

	strbuf_reserve(&sheet.text, PAGE_BYTES);
	title(&sheet.line, page, ev);
	strbuf_puts(&sheet.text, page->index > 1 ? "\n\n" : "");
	wrap(&sheet, "", sheet.line.buf);
	strbuf_puts(&sheet.text, "\n");
	strbuf_puts(&sheet.text, bold(page));
	wrap(&sheet, "", x->headline);
	strbuf_puts(&sheet.text, plain(page));
	for (enum topic topic = 0; topic < TOPIC_COUNT; topic++)
		text_topic(&sheet, x, topic);
	text_notes(&sheet, ev);
	fwrite(sheet.text.buf, 1, sheet.text.len, page->to);
	strbuf_release(&sheet.text);
	strbuf_release(&sheet.line);
}

void explain_print_brief(const struct explain_page *page, const struct oomlog_event *ev,
			 const struct explanation *x)
{
	_cleanup_strbuf_ struct strbuf head = STRBUF_INIT;

	title(&head, page, ev);
	fprintf(page->to, "%s: %s%s%s\n", head.buf, bold(page), x->headline, plain(page));
}

/* Names and paths are hostile. */
static void markdown(const struct explain_page *page, const char *text)
{
	_cleanup_strbuf_ struct strbuf words = STRBUF_INIT;

	emit_markdown_words(&words, text);
	fputs(words.buf, page->to);
}

static void markdown_topic(const struct explain_page *page, const struct explanation *x,
			   enum topic topic)
{
	bool any = false;

	for (size_t i = 0; i < x->sentence_count; i++) {
		const struct sentence *s = &x->sentences[i];
		struct strbuf lines = STRBUF_INIT;

		if (s->topic != topic)
			continue;
		if (!any)
			fprintf(page->to, "\n### %s\n\n", topic_title(topic));
		any = true;
		fputs("- ", page->to);
		markdown(page, s->text);
		add_lines(&lines, s->lines, s->line_count);
		if (lines.len)
			markdown(page, lines.buf);
		fputc('\n', page->to);
		strbuf_release(&lines);
	}
}

static void markdown_budget(const struct explain_page *page, const struct explanation *x)
{
	if (!x->budget_count || x->budget_total == ABSENT || x->budget_total <= 0)
		return;
	fputs("\n| memory | share | what |\n|---:|---:|---|\n", page->to);
	for (size_t i = 0; i < x->budget_count; i++)
		fprintf(page->to, "| %s | %.0f %% | %s |\n",
			TEXT_SIZE((uint64_t)x->budget[i].bytes),
			(double)x->budget[i].bytes * 100 / (double)x->budget_total,
			x->budget[i].name);
}

static void markdown_candidates(const struct explain_page *page, const struct explanation *x)
{
	if (!x->candidate_count)
		return;
	fputs("\n| footprint | resident | oom_score_adj | pid | | name |\n"
	      "|---:|---:|---:|---:|---|---|\n",
	      page->to);
	for (size_t i = 0; i < x->candidate_count; i++) {
		const struct candidate *c = &x->candidates[i];

		if (i >= ROWS_SHOWN && i != x->victim && i != x->largest)
			continue;
		fprintf(page->to, "| %s | %s | %" PRId64 " | %" PRId64 " | %s | ",
			TEXT_SIZE((uint64_t)c->footprint_bytes), TEXT_SIZE((uint64_t)c->rss_bytes),
			c->oom_score_adj, c->pid, mark(c));
		markdown(page, c->comm);
		fputs(" |\n", page->to);
	}
}

void explain_print_markdown(const struct explain_page *page, const struct oomlog_event *ev,
			    const struct explanation *x)
{
	struct strbuf head = STRBUF_INIT;

	title(&head, page, ev);
	fputs(page->index > 1 ? "\n## " : "## ", page->to);
	markdown(page, head.buf);
	fputs("\n\n**", page->to);
	markdown(page, x->headline);
	fputs("**\n", page->to);
	for (enum topic topic = 0; topic < TOPIC_COUNT; topic++) {
		markdown_topic(page, x, topic);
		if (topic == TOPIC_WHY)
			markdown_candidates(page, x);
		if (topic == TOPIC_MEMORY)
			markdown_budget(page, x);
	}
	if (ev->note_count)
		fputs("\n### About the log\n\n", page->to);
	for (size_t i = 0; i < ev->note_count; i++) {
		fputs("- ", page->to);
		markdown(page, ev->notes[i].text);
		fprintf(page->to, ".\n");
	}
	strbuf_release(&head);
}
