/*
 * check_emit.c - what each format makes of a document: tables whose amounts stand flush right and
 * which no page is too narrow for, and evidence that no format drops.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/emit.h"
#include "suite.h"

static void draw_places(struct doc *doc, const char *where)
{
	doc_table(doc);
	doc_row(doc, "MiB", "where", "how");
	doc_row(doc, "43.7", where, "write to new memory");
	doc_row(doc, "0.8", "26 other places", "");
	doc_cite(doc, "12 samples");
}

static void assert_text(const struct doc *doc, int columns, const char *expected)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	emit_text(doc, false, columns, &text);
	ck_assert_str_eq(text.buf, expected);
}

START_TEST(amounts_stand_flush_right)
{
	static const char *const amounts[] = {"0.7", "-1", "20 MiB", "1.73 s", "0 bytes", "-", ""};
	static const char *const others[] = {"20 other places", "x", "1 MiB more", "5 apples"};

	for (size_t i = 0; i < ARRAY_SIZE(amounts) + ARRAY_SIZE(others); i++) {
		bool is_amount = i < ARRAY_SIZE(amounts);
		const char *cell = is_amount ? amounts[i] : others[i - ARRAY_SIZE(amounts)];
		struct doc doc = {0};

		doc_table(&doc);
		doc_row(&doc, "heading");
		doc_row(&doc, "1.0");
		doc_row(&doc, cell);
		ck_assert_msg(doc_is_amount_column(&doc.blocks[0], 0) == is_amount, "'%s'", cell);
		doc_release(&doc);
	}
}
END_TEST

START_TEST(a_heading_alone_is_no_column_of_amounts)
{
	struct doc doc = {0};

	doc_table(&doc);
	doc_row(&doc, "heading");
	ck_assert(!doc_is_amount_column(&doc.blocks[0], 0));
	doc_release(&doc);
}
END_TEST

START_TEST(a_table_that_fits_has_a_line_a_row)
{
	struct doc doc = {0};

	draw_places(&doc, "add at a.c:7");
	assert_text(&doc, 80,
		    "   MiB  where            how\n"
		    "  43.7  add at a.c:7     write to new memory\n"
		    "   0.8  26 other places\n"
		    "  [12 samples]\n");
	doc_release(&doc);
}
END_TEST

START_TEST(a_folded_table_has_no_empty_lines)
{
	struct doc doc = {0};

	draw_places(&doc, "add_session_to_the_list_of_sessions at sessions/lists.c:7");
	assert_text(&doc, 64,
		    "   MiB  where\n"
		    "        how\n"
		    "  43.7  add_session_to_the_list_of_sessions at\n"
		    "          sessions/lists.c:7\n"
		    "        write to new memory\n"
		    "   0.8  26 other places\n"
		    "  [12 samples]\n");
	doc_release(&doc);
}
END_TEST

START_TEST(markdown_keeps_what_a_table_rests_on)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct doc doc = {0};

	draw_places(&doc, "add");
	doc_bars(&doc, 4096, NULL);
	doc_bar(&doc, "all", 4096);
	doc_cite(&doc, "kmsg 7");
	emit_markdown(&doc, &text);
	ck_assert_str_eq(text.buf, "| MiB | where | how |\n| ---: | --- | --- |\n"
				   "| 43.7 | add | write to new memory |\n"
				   "| 0.8 | 26 other places |  |\n"
				   "\n<sub>\\[12 samples\\]</sub>\n"
				   "\n| | size | share |\n| --- | ---: | ---: |\n"
				   "| all | 4 KiB | 100.0 % |\n"
				   "\n<sub>\\[kmsg 7\\]</sub>\n");
	doc_release(&doc);
}
END_TEST

START_TEST(html_scrolls_what_is_too_wide)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct doc doc = {0};

	draw_places(&doc, "add");
	emit_html(&doc, &text);
	ck_assert_ptr_nonnull(
		strstr(text.buf,
		       "<div class=\"wide\"><table>\n<tr><th class=\"n\">MiB</th><th>where</th>"));
	ck_assert_ptr_nonnull(strstr(text.buf, "<td class=\"n\">43.7</td><td>add</td>"));
	ck_assert_ptr_nonnull(strstr(text.buf, ".wide{overflow-x:auto}"));
	doc_release(&doc);
}
END_TEST

static TCase *tables(void)
{
	TCase *tc = tcase_create("tables");

	tcase_add_test(tc, amounts_stand_flush_right);
	tcase_add_test(tc, a_heading_alone_is_no_column_of_amounts);
	tcase_add_test(tc, a_table_that_fits_has_a_line_a_row);
	tcase_add_test(tc, a_folded_table_has_no_empty_lines);
	tcase_add_test(tc, markdown_keeps_what_a_table_rests_on);
	tcase_add_test(tc, html_scrolls_what_is_too_wide);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {tables()};

	return suite_run("emit", cases, ARRAY_SIZE(cases));
}
