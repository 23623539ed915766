/*
 * check_emit.c - the formats of a report: in each of them hostile text stays text, and the one for
 * a terminal keeps to its width.
 */
#include "base/text.h"
#include "report_helpers.h"
#include "suite.h"

/* Nothing but printable characters and newlines; lines within the width but for long words. */
static void assert_plain(const char *text)
{
	for (const char *p = text; *p; p++)
		ck_assert_msg(*p == '\n' || (unsigned char)*p >= 0x20, "byte %02x at %td: %.40s",
			      *p, p - text, p > text + 20 ? p - 20 : text);
	for (size_t i = 0, len = strlen(text); i < len;) {
		size_t n = text_utf8_length(text + i, len - i);

		ck_assert_uint_gt(n, 0);
		i += n;
	}
}

START_TEST(no_format_carries_control_characters)
{
	void (*const emitters[])(const struct doc *, struct strbuf *) = {emit_markdown, emit_html};
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct told t;

	tell(&t, "hostile");
	emit_text(&t.doc, false, 80, &text);
	assert_plain(text.buf);
	for (size_t i = 0; i < 2; i++) {
		strbuf_clear(&text);
		emitters[i](&t.doc, &text);
		assert_plain(text.buf);
		ck_assert_ptr_null(strstr(text.buf, "\xe2\x80\xae")); /* right-to-left override */
	}
	forget(&t);
}
END_TEST

START_TEST(html_has_no_tag_of_the_targets)
{
	static const char *const tags[] = {"<script", "<img", "<b>", "<i>", "javascript:"};
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct told t;

	tell(&t, "hostile");
	emit_html(&t.doc, &text);
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		ck_assert_msg(!strstr(text.buf, tags[i]), "%s", tags[i]);
	ck_assert_ptr_nonnull(strstr(text.buf, "&lt;script&gt;alert(1)&lt;/script&gt;"));
	forget(&t);
}
END_TEST

START_TEST(html_fetches_nothing)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct told t;

	tell(&t, "memset-2g");
	emit_html(&t.doc, &text);
	ck_assert_ptr_null(strstr(text.buf, "http:"));
	ck_assert_ptr_null(strstr(text.buf, "https:"));
	ck_assert_ptr_null(strstr(text.buf, " src="));
	ck_assert_ptr_nonnull(strstr(text.buf, "<polyline"));
	ck_assert(text_ends_with(text.buf, "</html>\n"));
	forget(&t);
}
END_TEST

START_TEST(markdown_tables_keep_their_columns)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct doc doc = {0};

	doc_table(&doc);
	doc_row(&doc, "a", "b");
	doc_row(&doc, "x|y`z", "<u>\\");
	emit_markdown(&doc, &text);
	ck_assert_str_eq(text.buf, "| a | b |\n| --- | --- |\n| x\\|y\\`z | &lt;u\\>\\\\ |\n");
	doc_release(&doc);
}
END_TEST

START_TEST(markdown_fences_outlast_backticks)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct doc doc = {0};

	doc_quote(&doc, "a ```` b\n# c");
	emit_markdown(&doc, &text);
	ck_assert_str_eq(text.buf, "`````\na ```` b\\x0a# c\n`````\n");
	doc_release(&doc);
}
END_TEST

START_TEST(markdown_paragraphs_begin_no_list)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct doc doc = {0};

	doc_sentence(&doc, "1. x");
	doc_heading(&doc, "h");
	doc_sentence(&doc, "- x");
	emit_markdown(&doc, &text);
	ck_assert_str_eq(text.buf, "1\\. x\n\n## h\n\n\\- x\n");
	doc_release(&doc);
}
END_TEST

START_TEST(invisible_text_becomes_visible)
{
	static const struct {
		const char *raw, *visible;
	} cases[] = {
		{"plain \xc3\xa9", "plain \xc3\xa9"},
		{"\x1b[2J", "\\x1b[2J"},
		{"a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f"},
		{"\xff\xc3", "\\xff\\xc3"},
		{"\xc2\x9b", "\\u{009b}"},
		{"\xe2\x80\xae", "\\u{202e}"},
		{"\xe2\x80\x8b", "\\u{200b}"},
		{"\xef\xbb\xbf", "\\u{feff}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

		emit_visible(&sb, cases[i].raw);
		ck_assert_str_eq(sb.buf, cases[i].visible);
	}
}
END_TEST

/* What each format makes of a list, before and behind other blocks. */
START_TEST(items_are_a_list)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, page = STRBUF_INIT, html = STRBUF_INIT;
	struct doc doc = {0};

	doc_heading(&doc, "Why");
	doc_item(&doc, "- one of them, which is longer than a line of sixty-four columns is");
	doc_cite(&doc, "line 7");
	doc_item(&doc, "two  <b>");
	doc_table(&doc);
	doc_row(&doc, "name");
	doc_row(&doc, "a");
	emit_text(&doc, false, 64, &text);
	ck_assert_str_eq(text.buf, "\nWhy\n"
				   "  - - one of them, which is longer than a line of sixty-four\n"
				   "    columns is [line 7]\n"
				   "  - two <b>\n\n"
				   "  name\n  a\n");
	emit_markdown(&doc, &page);
	ck_assert_ptr_nonnull(strstr(page.buf,
				     "## Why\n\n"
				     "- \\- one of them, which is longer than a line of sixty-four "
				     "columns is <sub>\\[line 7\\]</sub>\n"
				     "- two  &lt;b\\>\n\n| name |\n"));
	emit_html(&doc, &html);
	ck_assert_ptr_nonnull(strstr(html.buf, "<ul>\n<li>- one"));
	ck_assert_ptr_nonnull(strstr(html.buf, "<li>two  &lt;b&gt;</li>\n</ul>\n<div"));
	doc_clear(&doc);
	doc_item(&doc, "last");
	strbuf_clear(&html);
	emit_html(&doc, &html);
	ck_assert_ptr_nonnull(strstr(html.buf, "<ul>\n<li>last</li>\n</ul>\n</body>"));
	doc_release(&doc);
}
END_TEST

/* As "%5.1f %%" writes them: halves that are exact go to the even digit, others are none. */
START_TEST(shares_are_rounded_as_printf_does)
{
	static const struct {
		int64_t bytes, total;
	} cases[] = {
		{1, 400}, {3, 400},   {15, 10000},  {35, 10000},	  {1, 3}, {2, 3}, {0, 9},
		{-1, 3},  {-1, 9999}, {1999, 2000}, {INT64_C(1) << 58, 1}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, share = STRBUF_INIT;
		struct doc doc = {0};

		strbuf_printf(&share, " %6.1f %%",
			      (double)cases[i].bytes / (double)cases[i].total * 100);
		doc_bars(&doc, cases[i].total, NULL);
		doc_bar(&doc, "some", cases[i].bytes);
		emit_text(&doc, false, 64, &text);
		ck_assert_msg(strstr(text.buf, share.buf), "%s in %s", share.buf, text.buf);
		doc_release(&doc);
	}
}
END_TEST

START_TEST(text_wraps_at_the_width)
{
	for (int columns = 40; columns <= 100; columns += 4) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
		struct told t;

		tell(&t, "memset-2g");
		emit_text(&t.doc, false, columns, &text);
		for (char *line = strtok(text.buf, "\n"); line; line = strtok(NULL, "\n"))
			ck_assert_msg(strlen(line) <= (size_t)columns, "%d: %s", columns, line);
		forget(&t);
	}
}
END_TEST

START_TEST(a_number_and_its_unit_stay_on_a_line)
{
	static const char *const held[] = {"512 MiB.", "(0.1 %)", "99.8 %,", "16 ms"};
	static const char *const free_to_part[] = {"2 processes", "12 bytestrings", "v2 MiB"};

	for (size_t i = 0; i < ARRAY_SIZE(held) + ARRAY_SIZE(free_to_part); i++) {
		bool is_held = i < ARRAY_SIZE(held);
		const char *last = is_held ? held[i] : free_to_part[i - ARRAY_SIZE(held)];
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, sentence = STRBUF_INIT;
		struct doc doc = {0};

		/* So that the last word but one ends the line, and the last does not fit. */
		while (2 + sentence.len + 1 + strcspn(last, " ") < 64)
			strbuf_puts(&sentence, "x");
		strbuf_printf(&sentence, " %s", last);
		doc_sentence(&doc, "%s", sentence.buf);
		emit_text(&doc, false, 64, &text);
		ck_assert_msg(!strstr(text.buf, last) != is_held, "%s", text.buf);
		doc_release(&doc);
	}
}
END_TEST

/* Its appendix is no part of it. */
START_TEST(the_story_fits_one_screen)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *end;
	struct told t;
	int lines = 0;

	tell(&t, "memset-2g");
	emit_text(&t.doc, false, 96, &text);
	end = strstr(text.buf, "\nAppendix\n");
	ck_assert_ptr_nonnull(end);
	for (const char *p = text.buf; p < end; p++)
		lines += *p == '\n';
	ck_assert_int_le(lines, 54);
	forget(&t);
}
END_TEST

START_TEST(colour_adds_nothing_but_colour)
{
	_cleanup_strbuf_ struct strbuf plain = STRBUF_INIT, colour = STRBUF_INIT;
	struct told t;
	char *to;

	tell(&t, "memset-2g");
	emit_text(&t.doc, false, 80, &plain);
	emit_text(&t.doc, true, 80, &colour);
	ck_assert_uint_gt(colour.len, plain.len);
	to = colour.buf;
	for (const char *p = colour.buf; *p; p++) {
		if (*p == '\033')
			p = strchr(p, 'm');
		else
			*to++ = *p;
	}
	*to = '\0';
	assert_same_text(colour.buf, plain.buf, "without its colours the text");
	forget(&t);
}
END_TEST

START_TEST(evidence_is_told_once)
{
	static const size_t left[] = {0, 0, 0, 2, 1, 0, 1, 1};
	struct doc doc = {0};

	doc_heading(&doc, "one");
	doc_sentence(&doc, "A."); /* the table rests on it, too */
	doc_cite(&doc, "kmsg 1");
	doc_table(&doc);
	doc_row(&doc, "a", "b");
	doc_cite(&doc, "kmsg 1");
	doc_sentence(&doc, "B.");
	doc_cite(&doc, "kmsg 1");
	doc_cite(&doc, "sample 2");
	doc_sentence(&doc, "C."); /* on a part of what B rests on: B keeps its own */
	doc_cite(&doc, "kmsg 1");
	doc_heading(&doc, "two");
	doc_sentence(&doc, "D.");
	doc_cite(&doc, "kmsg 1");
	doc_quote(&doc, "a line of the kernel's");
	doc_cite(&doc, "kmsg 1");
	doc_merge_evidence(&doc);
	for (size_t i = 0; i < doc.count; i++)
		ck_assert_msg(doc.blocks[i].evidence_count == left[i], "block %zu: %zu", i,
			      doc.blocks[i].evidence_count);
	doc_release(&doc);
}
END_TEST

static TCase *escaping(void)
{
	TCase *t = tcase_create("escaping");

	tcase_add_test(t, no_format_carries_control_characters);
	tcase_add_test(t, html_has_no_tag_of_the_targets);
	tcase_add_test(t, html_fetches_nothing);
	tcase_add_test(t, markdown_tables_keep_their_columns);
	tcase_add_test(t, markdown_fences_outlast_backticks);
	tcase_add_test(t, markdown_paragraphs_begin_no_list);
	tcase_add_test(t, items_are_a_list);
	tcase_add_test(t, evidence_is_told_once);
	tcase_add_test(t, shares_are_rounded_as_printf_does);
	tcase_add_test(t, invisible_text_becomes_visible);
	return t;
}

static TCase *layout(void)
{
	TCase *t = tcase_create("layout");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_story_fits_one_screen);
	tcase_add_test(t, text_wraps_at_the_width);
	tcase_add_test(t, a_number_and_its_unit_stay_on_a_line);
	tcase_add_test(t, colour_adds_nothing_but_colour);
	return t;
}

int main(void)
{
	TCase *const cases[] = {escaping(), layout()};

	return suite_run("emit", cases, ARRAY_SIZE(cases));
}
