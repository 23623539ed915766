#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "doc/emit.h"
#include "doc/sparkline.h"

/* Characters that mean something to Markdown, or to the HTML and mathematics GitHub lets in. */
#define CHART_CELLS 60
#define SPECIAL	    "\\`*_[]<>|~&#$!{}@"

static void put_escaped(struct strbuf *out, const char *text)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	emit_visible(&sb, text);
	for (const char *p = sb.buf; *p; p++) {
		if (*p == '<')
			strbuf_puts(out, "&lt;");
		else if (*p == '&')
			strbuf_puts(out, "&amp;");
		else if (*p == '@')
			strbuf_puts(out, "&#64;"); /* mentions nobody */
		else if (strchr(SPECIAL, *p))
			strbuf_printf(out, "\\%c", *p);
		else
			strbuf_putc(out, *p);
	}
}

/* Quotes what would make a list, a heading or a rule of the line. */
static void put_paragraph(struct strbuf *out, const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (strchr("+-=", *text) && *text)
		strbuf_putc(out, '\\');
	else if (digits && (text[digits] == '.' || text[digits] == ')')) {
		strbuf_append(out, text, digits);
		strbuf_putc(out, '\\');
		text += digits;
	}
	put_escaped(out, text);
}

static void evidence(struct strbuf *out, const struct doc_block *block)
{
	for (size_t i = 0; i < block->evidence_count; i++) {
		strbuf_puts(out, i ? "; " : "<sub>\\[");
		put_escaped(out, block->evidence[i]);
	}
	if (block->evidence_count)
		strbuf_puts(out, "\\]</sub>");
}

static void evidence_behind(struct strbuf *out, const struct doc_block *block)
{
	if (block->evidence_count)
		strbuf_putc(out, ' ');
	evidence(out, block);
}

/* The fence must be longer than any run of backticks inside. */
static void code_block(struct strbuf *out, const char *text)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	size_t run = 0, longest = 2;

	emit_visible(&sb, text);
	for (const char *p = sb.buf; *p; p++) {
		run = *p == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	for (size_t i = 0; i <= longest; i++)
		strbuf_putc(out, '`');
	strbuf_printf(out, "\n%s\n", sb.buf);
	for (size_t i = 0; i <= longest; i++)
		strbuf_putc(out, '`');
	strbuf_putc(out, '\n');
}

/* A blank line keeps the evidence from becoming a row of the table. */
static void evidence_below(struct strbuf *out, const struct doc_block *block)
{
	if (!block->evidence_count)
		return;
	strbuf_putc(out, '\n');
	evidence(out, block);
	strbuf_putc(out, '\n');
}

static void table(struct strbuf *out, const struct doc_block *block)
{
	for (size_t i = 0; i < block->row_count; i++) {
		strbuf_putc(out, '|');
		for (char **cell = block->rows[i]; *cell; cell++) {
			strbuf_putc(out, ' ');
			put_escaped(out, *cell);
			strbuf_puts(out, " |");
		}
		strbuf_putc(out, '\n');
		if (i)
			continue;
		strbuf_putc(out, '|');
		for (size_t j = 0; block->rows[i][j]; j++)
			strbuf_puts(out, doc_is_amount_column(block, j) ? " ---: |" : " --- |");
		strbuf_putc(out, '\n');
	}
}

static void bar(struct strbuf *out, const char *label, int64_t bytes, int64_t total)
{
	double share = total > 0 ? (double)bytes / (double)total * 100 : 0;
	uint64_t magnitude = bytes < 0 ? (uint64_t)-bytes : (uint64_t)bytes;

	strbuf_puts(out, "| ");
	put_escaped(out, label);
	strbuf_printf(out, " | %s%s | %.1f %% |\n", bytes < 0 ? "-" : "", TEXT_SIZE(magnitude),
		      share);
}

static void bars(struct strbuf *out, const struct doc_block *block)
{
	strbuf_puts(out, "| | size | share |\n| --- | ---: | ---: |\n");
	for (size_t i = 0; i < block->bar_count; i++)
		bar(out, block->bars[i].label, block->bars[i].bytes, block->total_bytes);
	if (block->text) {
		_cleanup_strbuf_ struct strbuf label = STRBUF_INIT;

		strbuf_printf(&label, "= %s", block->text);
		bar(out, label.buf, block->total_bytes, block->total_bytes);
	}
}

static void chart(struct strbuf *out, const struct doc_block *block)
{
	_cleanup_strbuf_ struct strbuf rows = STRBUF_INIT;

	sparkline_rows(block, CHART_CELLS, &rows);
	if (rows.len)
		strbuf_printf(out, "```\n%s```\n", rows.buf);
}

static void emit_block(struct strbuf *out, const struct doc_block *block, bool continues)
{
	if (out->len && !continues)
		strbuf_putc(out, '\n');
	switch (block->kind) {
	case DOC_TITLE:
	case DOC_HEADING:
		strbuf_puts(out, block->kind == DOC_TITLE ? "# " : "## ");
		put_escaped(out, block->text);
		evidence_behind(out, block);
		strbuf_putc(out, '\n');
		break;
	case DOC_BYLINE:
		put_paragraph(out, block->text);
		strbuf_putc(out, '\n');
		break;
	case DOC_SUMMARY:
		strbuf_puts(out, "**");
		put_escaped(out, block->text);
		strbuf_puts(out, "**");
		evidence_behind(out, block);
		strbuf_putc(out, '\n');
		break;
	case DOC_SENTENCE:
		put_paragraph(out, block->text);
		evidence_behind(out, block);
		strbuf_putc(out, '\n');
		break;
	case DOC_ITEM:
		strbuf_puts(out, "- ");
		put_paragraph(out, block->text);
		evidence_behind(out, block);
		strbuf_putc(out, '\n');
		break;
	case DOC_QUOTE:
		code_block(out, block->text);
		break;
	case DOC_TABLE:
		table(out, block);
		evidence_below(out, block);
		break;
	case DOC_BARS:
		bars(out, block);
		evidence_below(out, block);
		break;
	case DOC_CHART:
		chart(out, block);
		break;
	}
}

void emit_markdown(const struct doc *doc, struct strbuf *out)
{
	enum doc_kind before = DOC_TITLE;
	bool continues;

	for (size_t i = 0; i < doc->count; i++) {
		const struct doc_block *block = &doc->blocks[i];

		if (block->kind == DOC_CHART && !block->is_sketched)
			continue;
		continues = block->kind == DOC_SENTENCE || block->kind == DOC_ITEM;
		emit_block(out, block, continues && before == block->kind);
		before = block->kind;
	}
}
