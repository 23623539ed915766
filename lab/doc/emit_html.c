#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "doc/emit.h"

static const char head[] =
	"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<style>\n"
	":root{--ink:#1c1e21;--dim:#667;--line:#d5d8dd;--paper:#fff;--bad:#b3261e;--good:#176b3a;"
	"--bar:#3b6fb6;--soft:#f4f5f7}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#e6e7ea;--dim:#9aa0aa;--line:#3a3f47;"
	"--paper:#15171a;--bad:#ff8a80;--good:#7fd6a0;--bar:#6b9fe8;--soft:#1f2226}}\n"
	"body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);"
	"max-width:52rem;margin:2rem auto;padding:0 1rem}\n"
	"h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:1.6rem 0 .3rem}\n"
	"p{margin:.2rem "
	"0}h1,p{overflow-wrap:anywhere}.byline,.ev{color:var(--dim);font-size:.85em;font-weight:"
	"400}\n"
	".summary{font-size:1.15rem;font-weight:600;margin:1rem 0;padding-left:.8rem;"
	"border-left:.25rem solid var(--line)}\n"
	".bad{border-color:var(--bad)}.good{border-color:var(--good)}\n"
	"pre{background:var(--soft);padding:.6rem;white-space:pre-wrap;overflow-wrap:anywhere;"
	"font-size:.85rem}\n"
	"table{border-collapse:collapse}td,th{text-align:left;padding:.15rem .9rem .15rem 0;"
	"border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}\n"
	"td,th{vertical-align:top}.n{text-align:right;white-space:nowrap}.wide{overflow-x:auto}\n"
	".bars td:first-child{white-space:nowrap}.bars .sum td{border:0;font-weight:600}\n"
	".bars td:nth-child(2),.bars td:nth-child(3){text-align:right;white-space:nowrap}\n"
	".bars{width:100%}.bars td:last-child{width:55%;vertical-align:middle}\n"
	".bar{display:block;height:.8rem;background:var(--bar);min-width:1px}\n"
	"svg{width:100%;min-width:40rem;height:auto;margin-top:1rem}svg "
	"text{fill:var(--dim);font-size:11px;"
	"paint-order:stroke;stroke:var(--paper);stroke-width:3px}\n"
	"</style>\n";

static void put_escaped(struct strbuf *out, const char *text)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	emit_visible(&sb, text);
	for (const char *p = sb.buf; *p; p++) {
		switch (*p) {
		case '<':
			strbuf_puts(out, "&lt;");
			break;
		case '>':
			strbuf_puts(out, "&gt;");
			break;
		case '&':
			strbuf_puts(out, "&amp;");
			break;
		case '"':
			strbuf_puts(out, "&quot;");
			break;
		case '\'':
			strbuf_puts(out, "&#39;");
			break;
		default:
			strbuf_putc(out, *p);
		}
	}
}

static void evidence(struct strbuf *out, const struct doc_block *block)
{
	for (size_t i = 0; i < block->evidence_count; i++) {
		strbuf_puts(out, i ? "; " : " <span class=\"ev\">[");
		put_escaped(out, block->evidence[i]);
	}
	if (block->evidence_count)
		strbuf_puts(out, "]</span>");
}

static void element(struct strbuf *out, const char *open, const struct doc_block *block,
		    const char *close)
{
	strbuf_puts(out, open);
	put_escaped(out, block->text);
	evidence(out, block);
	strbuf_printf(out, "%s\n", close);
}

static void title(struct strbuf *out, const struct doc_block *block)
{
	strbuf_puts(out, "<title>");
	put_escaped(out, block->text);
	strbuf_puts(out, "</title>\n</head>\n<body>\n");
	element(out, "<h1>", block, "</h1>");
}

static void evidence_below(struct strbuf *out, const struct doc_block *block)
{
	if (!block->evidence_count)
		return;
	strbuf_puts(out, "<p>");
	evidence(out, block);
	strbuf_puts(out, "</p>\n");
}

static void table_row(struct strbuf *out, const struct doc_block *block, size_t i)
{
	const char *element = i ? "td" : "th";

	strbuf_puts(out, "<tr>");
	for (size_t j = 0; block->rows[i][j]; j++) {
		strbuf_printf(out, "<%s%s>", element,
			      doc_is_amount_column(block, j) ? " class=\"n\"" : "");
		put_escaped(out, block->rows[i][j]);
		strbuf_printf(out, "</%s>", element);
	}
	strbuf_puts(out, "</tr>\n");
}

static void table(struct strbuf *out, const struct doc_block *block)
{
	strbuf_puts(out, "<div class=\"wide\"><table>\n");
	for (size_t i = 0; i < block->row_count; i++)
		table_row(out, block, i);
	strbuf_puts(out, "</table></div>\n");
	evidence_below(out, block);
}

static void bar(struct strbuf *out, const char *label, int64_t bytes, int64_t total, bool is_sum)
{
	double share = total > 0 ? (double)bytes / (double)total * 100 : 0;
	uint64_t magnitude = bytes < 0 ? (uint64_t)-bytes : (uint64_t)bytes;

	strbuf_puts(out, is_sum ? "<tr class=\"sum\"><td>= " : "<tr><td>");
	put_escaped(out, label);
	strbuf_printf(
		out,
		"</td><td>%s%s</td><td>%.1f %%</td><td><span class=\"bar\" style=\"width:%.2f%%\"></span></td></tr>\n",
		bytes < 0 ? "-" : "", TEXT_SIZE(magnitude), share,
		share < 0     ? 0
		: share > 100 ? 100
			      : share);
}

static void bars(struct strbuf *out, const struct doc_block *block)
{
	strbuf_puts(out, "<table class=\"bars\">\n");
	for (size_t i = 0; i < block->bar_count; i++)
		bar(out, block->bars[i].label, block->bars[i].bytes, block->total_bytes, false);
	if (block->text)
		bar(out, block->text, block->total_bytes, block->total_bytes, true);
	strbuf_puts(out, "</table>\n");
	evidence_below(out, block);
}

static void chart(struct strbuf *out, const struct doc_block *block)
{
	_cleanup_strbuf_ struct strbuf svg = STRBUF_INIT;

	emit_chart(block, put_escaped, &svg);
	if (!svg.len)
		return;
	strbuf_puts(out, "<h2>Memory over time</h2>\n<div class=\"wide\">");
	strbuf_append(out, svg.buf, svg.len);
	strbuf_puts(out, "</div>\n");
}

static void emit_block(struct strbuf *out, const struct doc_block *block)
{
	static const char *const summaries[] = {
		[DOC_NEUTRAL] = "<p class=\"summary\">",
		[DOC_GOOD] = "<p class=\"summary good\">",
		[DOC_BAD] = "<p class=\"summary bad\">",
	};

	switch (block->kind) {
	case DOC_TITLE:
		title(out, block);
		break;
	case DOC_BYLINE:
		element(out, "<p class=\"byline\">", block, "</p>");
		break;
	case DOC_SUMMARY:
		element(out, summaries[block->tone], block, "</p>");
		break;
	case DOC_HEADING:
		element(out, "<h2>", block, "</h2>");
		break;
	case DOC_SENTENCE:
		element(out, "<p>", block, "</p>");
		break;
	case DOC_ITEM:
		element(out, "<li>", block, "</li>");
		break;
	case DOC_QUOTE:
		element(out, "<pre>", block, "</pre>");
		break;
	case DOC_TABLE:
		table(out, block);
		break;
	case DOC_BARS:
		bars(out, block);
		break;
	case DOC_CHART:
		chart(out, block);
		break;
	}
}

void emit_html(const struct doc *doc, struct strbuf *out)
{
	bool in_list = false;

	strbuf_puts(out, head);
	for (size_t i = 0; i < doc->count; i++) {
		if (in_list != (doc->blocks[i].kind == DOC_ITEM))
			strbuf_puts(out, in_list ? "</ul>\n" : "<ul>\n");
		in_list = doc->blocks[i].kind == DOC_ITEM;
		emit_block(out, &doc->blocks[i]);
	}
	strbuf_puts(out, in_list ? "</ul>\n" : "");
	strbuf_puts(out, "</body>\n</html>\n");
}
