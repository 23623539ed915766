/*
 * check_layout.c - what each format makes of a document: tables whose amounts stand flush right and
 * which no page is too narrow for, evidence that no format drops, and a chart whose marks hide
 * neither its curves nor each other.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "doc/emit.h"
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

static void raw(struct strbuf *out, const char *text)
{
	strbuf_puts(out, text);
}

/* A curve that rises to 64 MiB in 1000 ns. */
static void draw_curve(struct doc *doc)
{
	const struct doc_point points[] = {{0, 0}, {1000, 64 << 20}};

	doc_chart(doc, 64 << 20);
	doc_series(doc, "memory.current", points, ARRAY_SIZE(points));
}

struct word {
	double left, right, y;
	char text[64];
};

/* The words of marks: those that are found before the curves begin, at y = top. */
static size_t words_above(const char *svg, double top, struct word *words, size_t max)
{
	size_t count = 0;

	for (const char *p = svg; (p = strstr(p, "<text ")) && count < max; p++) {
		struct word *w = &words[count];
		double x, y;
		bool is_end = false;
		const char *text = strchr(p, '>') + 1;

		ck_assert_int_eq(sscanf(p, "<text x=\"%lf\" y=\"%lf\"", &x, &y), 2);
		is_end = strstr(p, "text-anchor=\"end\"") && strstr(p, "text-anchor") < text;
		snprintf(w->text, sizeof(w->text), "%.*s", (int)strcspn(text, "<"), text);
		w->left = is_end ? x - 5.5 * (double)strlen(w->text) : x;
		w->right = w->left + 5.5 * (double)strlen(w->text);
		w->y = y;
		if (y < top && strcmp(w->text, "limit") != 0)
			count++;
	}
	return count;
}

/* The axis begins where the curves do. */
static double top_of(const char *svg)
{
	double x, top;

	ck_assert_int_eq(sscanf(strstr(svg, "<path d=\"M"), "<path d=\"M%lf %lf", &x, &top), 2);
	return top;
}

START_TEST(marks_hide_neither_curves_nor_each_other)
{
	static const struct {
		const char *name;
		int64_t t_ns;
	} marks[] = {{"killed", 985},	  {"high 1", 930}, {"pre-mortem", 931}, {"max 12", 980},
		     {"oom_kill 1", 990}, {"oom 1", 990},  {"gate", 3}};
	_cleanup_strbuf_ struct strbuf svg = STRBUF_INIT;
	struct doc doc = {0};
	struct word words[16];
	size_t count;

	draw_curve(&doc);
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		doc_mark(&doc, marks[i].name, marks[i].t_ns);
	emit_chart(&doc.blocks[0], raw, &svg);
	count = words_above(svg.buf, top_of(svg.buf), words, ARRAY_SIZE(words));
	ck_assert_uint_eq(count, 5);
	ck_assert_str_eq(words[0].text, "gate");
	ck_assert_str_eq(words[1].text, "high 1, pre-mortem");
	ck_assert(!strcmp(words[4].text, "oom_kill 1, oom 1") ||
		  !strcmp(words[4].text, "oom 1, oom_kill 1"));
	for (size_t i = 0; i < count; i++) {
		ck_assert_msg(words[i].left >= 0 && words[i].right <= 820, "%s", words[i].text);
		for (size_t j = 0; j < i; j++)
			ck_assert_msg(words[i].y != words[j].y || words[i].left > words[j].right ||
					      words[i].right < words[j].left,
				      "'%s' and '%s'", words[i].text, words[j].text);
	}
	doc_release(&doc);
}
END_TEST

/* A record may hold anything: the picture stays one. */
START_TEST(more_marks_than_there_is_room_for)
{
	_cleanup_strbuf_ struct strbuf svg = STRBUF_INIT;
	struct doc doc = {0};
	struct word words[1024];
	size_t count;

	draw_curve(&doc);
	for (int i = 0; i < 5000; i++)
		doc_mark(&doc, "a name that is rather long, and many times the same", i / 5);
	doc_mark(&doc, "before", -1);
	doc_mark(&doc, "after", 1001);
	emit_chart(&doc.blocks[0], raw, &svg);
	count = words_above(svg.buf, top_of(svg.buf), words, ARRAY_SIZE(words));
	ck_assert_uint_ge(count, 8);
	ck_assert_uint_le(count, 64);
	ck_assert_uint_lt(svg.len, 20000);
	ck_assert_ptr_null(strstr(svg.buf, "before"));
	ck_assert_ptr_null(strstr(svg.buf, "after"));
	doc_release(&doc);
}
END_TEST

START_TEST(a_chart_of_one_moment_is_left_out)
{
	_cleanup_strbuf_ struct strbuf html = STRBUF_INIT;
	const struct doc_point point = {5, 4096};
	struct doc doc = {0};

	doc_chart(&doc, 4096);
	doc_series(&doc, "memory.current", &point, 1);
	doc_mark(&doc, "killed", 5);
	emit_html(&doc, &html);
	ck_assert_ptr_null(strstr(html.buf, "<svg"));
	ck_assert_ptr_null(strstr(html.buf, "Memory over time"));
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

static TCase *charts(void)
{
	TCase *tc = tcase_create("charts");

	tcase_add_test(tc, marks_hide_neither_curves_nor_each_other);
	tcase_add_test(tc, more_marks_than_there_is_room_for);
	tcase_add_test(tc, a_chart_of_one_moment_is_left_out);
	return tc;
}

int main(void)
{
	TCase *const cases[] = {tables(), charts()};

	return suite_run("layout", cases, ARRAY_SIZE(cases));
}
