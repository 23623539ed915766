/*
 * check_compare.c - two runs side by side: which change is called the largest, how lines are matched
 * across an edit, line numbers that are hostile.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "doc/emit.h"
#include "report/compare.h"
#include "suite.h"

#define RUN                                                                    \
	"{\"ev\":\"run\",\"id\":\"r\",\"argv\":[\"prog\"],\"page_size\":4096," \
	"\"cgroup_version\":2}\n{\"ev\":\"module\",\"id\":0,\"path\":\"/x/prog\"}\n"
#define LINE(at, function, number, bytes)                                                      \
	"{\"ev\":\"frame\",\"at\":\"0+" at "\",\"function\":\"" function                       \
	"\",\"file\":\"c.c\",\"line\":" number "}\n{\"ev\":\"touch\",\"pid\":7,\"samples\":3," \
	"\"anon\":" bytes ",\"stack\":\"0+" at "\"}\n"
#define END	"{\"ev\":\"end\",\"t\":11}\n"
#define MIB_200 "209715200"
#define MIB_209 "219152384"
#define MIB_8	"8388608"

static struct record records[2];
static struct conclusion conclusions[2];
static struct comparison comparison;
static char *words;

/* The comparison of two records, as words without line ends. */
static void compare(const char *a, const char *b)
{
	const char *const lines[2] = {a, b};
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct doc doc = {0};

	for (int i = 0; i < 2; i++) {
		ck_assert_msg(!record_load_memory(lines[i], strlen(lines[i]), &records[i], &err),
			      "%s", err.text);
		ck_assert_int_eq(record_lost(&records[i], LOSS_RECORD), 0);
		conclusion_draw(&records[i], &conclusions[i]);
	}
	compare_gather(&(struct compare_side){.folder = "a",
					      .record = &records[0],
					      .conclusion = &conclusions[0]},
		       &(struct compare_side){
			       .folder = "b", .record = &records[1], .conclusion = &conclusions[1]},
		       &comparison);
	compare_tell(&comparison, true, &doc);
	emit_text(&doc, false, 4000, &text);
	doc_release(&doc);
	words = strbuf_detach(&text);
}

static void drop(void)
{
	compare_release(&comparison);
	for (int i = 0; i < 2; i++) {
		conclusion_release(&conclusions[i]);
		record_release(&records[i]);
	}
	free(words);
}

#define says(what)	   ck_assert_msg(strstr(words, what), "'%s' is not in: %s", what, words)
#define does_not_say(what) ck_assert_msg(!strstr(words, what), "'%s' is in: %s", what, words)

/* 9 MiB more of 200 are within what the profile may be off; 8 of a new line are not. */
START_TEST(the_largest_change_is_one_that_is_told)
{
	compare(RUN LINE("10", "big", "5", MIB_200) END,
		RUN LINE("10", "big", "5", MIB_209) LINE("20", "fresh", "9", MIB_8) END);
	says("The largest change: +8 MiB, fresh at c.c:9 (in B alone).");
	does_not_say("No line touched noticeably");
	drop();
	compare(RUN LINE("10", "big", "5", MIB_200) END, RUN LINE("10", "big", "5", MIB_209) END);
	says("No line touched noticeably more or less memory.");
	does_not_say("The largest change");
	drop();
}
END_TEST

START_TEST(lines_are_matched_across_an_edit)
{
	compare(RUN LINE("10", "put", "9", MIB_8) LINE("20", "put", "30", MIB_8) END,
		RUN LINE("10", "put", "14", MIB_8) LINE("20", "put", "35", MIB_200) END);
	says("put at c.c:35 (line 30 in A)");
	does_not_say("alone");
	ck_assert_uint_eq(comparison.line_count, 2);
	drop();
	/* One of another function is none of these. */
	compare(RUN LINE("10", "put", "9", MIB_8) END, RUN LINE("10", "get", "9", MIB_8) END);
	says("(in A alone)");
	ck_assert_uint_eq(comparison.line_count, 2);
	drop();
}
END_TEST

START_TEST(hostile_line_numbers_are_numbers)
{
	compare(RUN LINE("10", "f", "0", MIB_8) LINE("20", "f", "2147483647", MIB_8) END,
		RUN LINE("20", "f", "2147483647", MIB_8) END);
	ck_assert_uint_eq(comparison.line_count, 2);
	drop();
}
END_TEST

START_TEST(a_run_without_a_profile_is_told)
{
	compare(RUN LINE("10", "f", "5", MIB_8) END, RUN END);
	says("Not known: B has no touch profile.");
	does_not_say("No line");
	drop();
}
END_TEST

static TCase *compare_case(void)
{
	TCase *tc = tcase_create("compare");

	tcase_add_test(tc, the_largest_change_is_one_that_is_told);
	tcase_add_test(tc, lines_are_matched_across_an_edit);
	tcase_add_test(tc, hostile_line_numbers_are_numbers);
	tcase_add_test(tc, a_run_without_a_profile_is_told);
	return tc;
}

int main(void)
{
	return suite_run("compare", (TCase *const[]){compare_case()}, 1);
}
