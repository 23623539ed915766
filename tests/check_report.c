/*
 * check_report.c - reports of whole records: text byte for byte, JSON by its schema, and in every
 * format hostile text that stays text.
 *
 * The expected texts stand in fixtures/records/ beside the records; after a wanted change look at
 * the difference, then take it over: UPDATE_GOLDEN=1 build/tests/check_report
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/verdict.h"
#include "report/emit.h"
#include "report/json.h"
#include "report/report.h"
#include "report/story.h"

#define FIXTURES "tests/fixtures/records/"

/* One record, told. */
struct told {
	struct record record;
	struct conclusion conclusion;
	struct facts facts;
	struct doc doc;
};

static void tell(struct told *t, const char *name)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	struct err err = ERR_INIT;

	*t = (struct told){0};
	strbuf_printf(&path, FIXTURES "%s.jsonl", name);
	ck_assert_msg(!record_load(path.buf, &t->record, &err), "%s", err.text);
	conclusion_draw(&t->record, &t->conclusion);
	facts_gather(&t->record, &t->conclusion, &t->facts);
	story_tell(&t->facts, &t->doc);
}

static void forget(struct told *t)
{
	doc_release(&t->doc);
	conclusion_release(&t->conclusion);
	record_release(&t->record);
}

static void update(const char *path, const struct strbuf *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	ck_assert_int_eq(io_write_all(fd, text->buf, text->len), 0);
	close(fd);
}

/* Reports are longer than Check's messages may be: the first line that differs is enough. */
static void assert_same_text(const char *found, const char *expected, const char *what)
{
	int line = 1;

	for (; *found && *found == *expected; found++, expected++)
		line += *found == '\n';
	ck_assert_msg(*found == *expected, "%s differs in line %d: '%.200s', expected '%.200s'",
		      what, line, found, expected);
}

static void assert_golden(const char *name, const char *suffix, const struct strbuf *text)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT, expected = STRBUF_INIT;

	strbuf_printf(&path, FIXTURES "%s.%s", name, suffix);
	if (getenv("UPDATE_GOLDEN"))
		update(path.buf, text);
	ck_assert_msg(!io_read_at(AT_FDCWD, path.buf, 1 << 20, &expected), "%s", path.buf);
	assert_same_text(text->buf, expected.buf, path.buf);
}

static const char *const records[] = {"memset-2g",    "malloc-128m", "refused-2g", "hostile",
				      "lazy-zero-2g", "signalled",   "ancestor",   "throttled",
				      "livelocked",   "cut",	     "preload",	   "premortem"};
#define RECORDS ((int)(sizeof(records) / sizeof(*records)))

START_TEST(text_is_as_expected)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct told t;

	tell(&t, records[_i]);
	emit_text(&t.doc, false, 96, &text);
	assert_golden(records[_i], "txt", &text);
	forget(&t);
}
END_TEST

START_TEST(markdown_is_as_expected)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct told t;

	tell(&t, records[_i]);
	emit_markdown(&t.doc, &text);
	assert_golden(records[_i], "md", &text);
	forget(&t);
}
END_TEST

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
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
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

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

		emit_visible(&sb, cases[i].raw);
		ck_assert_str_eq(sb.buf, cases[i].visible);
	}
}
END_TEST

START_TEST(text_wraps_at_the_width)
{
	for (int columns = 64; columns <= 100; columns += 4) {
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

START_TEST(the_story_fits_one_screen)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct told t;
	int lines = 0;

	tell(&t, "memset-2g");
	emit_text(&t.doc, false, 96, &text);
	for (const char *p = text.buf; *p; p++)
		lines += *p == '\n';
	ck_assert_int_le(lines, 53);
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

START_TEST(every_sentence_has_evidence)
{
	struct told t;

	tell(&t, records[_i]);
	for (size_t i = 0; i < t.doc.count; i++) {
		const struct doc_block *block = &t.doc.blocks[i];

		if (block->kind == DOC_SENTENCE)
			ck_assert_msg(block->evidence_count, "%s: %s", records[_i], block->text);
	}
	forget(&t);
}
END_TEST

/* A thousand forked children fill a cgroup whose victim holds next to nothing. */
START_TEST(a_small_victim_did_not_hold_it_all)
{
	struct told t;
	struct doc doc = {0};
	struct oomlog_victim victim;
	struct kill kill;

	tell(&t, "memset-2g");
	victim = *t.facts.victim;
	kill = *t.facts.kill;
	victim.anon_rss_bytes = 8192;
	kill.event.task_count = 270;
	t.facts.victim = &victim;
	t.facts.kill = &kill;
	t.facts.arena = NULL;
	story_summary(&t.facts, &doc);
	ck_assert_str_eq(doc.blocks[0].text,
			 "Memory went past the limit of 512 MiB, and the kernel killed it, one of "
			 "270 processes there. It held 8 KiB itself.");
	doc_release(&doc);
	forget(&t);
}
END_TEST

START_TEST(budgets_add_up)
{
	struct told t;
	const struct budget *budgets[2];

	tell(&t, records[_i]);
	budgets[0] = &t.facts.at_kill;
	budgets[1] = &t.facts.at_peak;
	for (size_t i = 0; i < 2; i++) {
		int64_t sum = 0;

		for (size_t j = 0; j < budgets[i]->count; j++)
			sum += budgets[i]->items[j].bytes;
		ck_assert_int_eq(sum, budgets[i]->total);
		if (budgets[i]->count && is_known(budgets[i]->unused))
			ck_assert_int_eq(sum + budgets[i]->unused, budgets[i]->limit);
	}
	forget(&t);
}
END_TEST

static int64_t number(const json_t *json, const char *object, const char *key)
{
	const json_t *value = json_object_get(json_object_get(json, object), key);

	ck_assert_msg(json_is_integer(value), "%s.%s", object, key);
	return json_integer_value(value);
}

static const char *string(const json_t *json, const char *key)
{
	ck_assert_msg(json_is_string(json_object_get(json, key)), "%s", key);
	return json_string_value(json_object_get(json, key));
}

START_TEST(json_holds_the_schema)
{
	static const char *const keys[] = {"schema",	   "outcome",  "scope",	      "verdict",
					   "summary",	   "run",      "spec",	      "events",
					   "events_local", "memory",   "kills",	      "arenas",
					   "touches",	   "timeline", "explanation", "quality"};
	struct told t;
	json_t *json;

	tell(&t, records[_i]);
	json = report_to_json(&t.facts, &t.doc);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		ck_assert_msg(json_object_get(json, keys[i]), "%s", keys[i]);
	json_decref(json);
	forget(&t);
}
END_TEST

START_TEST(json_tells_the_look)
{
	struct told t;
	json_t *report, *look, *threads;

	tell(&t, "premortem");
	report = report_to_json(&t.facts, &t.doc);
	look = json_object_get(report, "premortem");
	ck_assert(json_is_true(json_object_get(look, "taken")));
	ck_assert(json_is_true(json_object_get(look, "frozen")));
	ck_assert_int_gt(json_integer_value(json_object_get(look, "before_kill_ns")), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(look, "percent")), 5);
	threads = json_object_get(look, "threads");
	ck_assert_uint_eq(json_array_size(threads), 3);
	ck_assert_str_eq(string(json_array_get(threads, 0), "function"), "grow");
	ck_assert_str_eq(string(json_array_get(threads, 2), "function"), "reader");
	ck_assert_str_eq(string(json_array_get(threads, 2), "comm"), "pid=1, `<b>");
	json_decref(report);
	forget(&t);
}
END_TEST

/* A record with the arena's address: RDI lies in it, and the rest is arithmetic. */
static void tell_with_base(struct told *t, const char *base)
{
	_cleanup_strbuf_ struct strbuf from = STRBUF_INIT, with = STRBUF_INIT;
	struct err err = ERR_INIT;
	const char *at;

	ck_assert_int_eq(io_read_at(AT_FDCWD, FIXTURES "memset-2g.jsonl", 1 << 22, &from), 0);
	at = strstr(from.buf, "\"source\":\"malloc\"");
	ck_assert_ptr_nonnull(at);
	strbuf_append(&with, from.buf, (size_t)(at - from.buf));
	strbuf_printf(&with, "\"base\":%s,%s", base, at);
	*t = (struct told){0};
	ck_assert_int_eq(record_load_memory(with.buf, with.len, &t->record, &err), 0);
	conclusion_draw(&t->record, &t->conclusion);
	facts_gather(&t->record, &t->conclusion, &t->facts);
	story_tell(&t->facts, &t->doc);
}

static bool says(const struct told *t, const char *words)
{
	for (size_t i = 0; i < t->doc.count; i++)
		if (t->doc.blocks[i].text && strstr(t->doc.blocks[i].text, words))
			return true;
	return false;
}

START_TEST(the_witness_tells_how_far_it_had_come)
{
	struct told t;

	tell_with_base(&t, "140328865742864"); /* 0x7fa0dc31c010 */
	ck_assert(says(&t, "in a rep stos with 1.1 MiB still to write (RCX 0x11c010)"));
	ck_assert(says(&t, "It had come 510.9 MiB far into the arena \"game memory\" (RDI): the "
			   "memset() at src/arena.c:"));
	ck_assert(says(&t, "had 1.5 GiB of 2 GiB still to clear"));
	forget(&t);
}
END_TEST

START_TEST(the_witness_claims_no_arena_that_rdi_is_not_in)
{
	struct told t;

	tell_with_base(&t, "140000000000000");
	ck_assert(says(&t, "in a rep stos with 1.1 MiB still to write"));
	ck_assert(!says(&t, "(RDI)"));
	forget(&t);
	tell_with_base(&t, "0");
	ck_assert(!says(&t, "(RDI)"));
	forget(&t);
}
END_TEST

START_TEST(json_tells_the_kill)
{
	struct told t;
	json_t *json, *kill, *arena;

	tell(&t, "memset-2g");
	json = report_to_json(&t.facts, &t.doc);
	ck_assert_str_eq(string(json, "schema"), "oomlab.report/1");
	ck_assert_str_eq(string(json, "outcome"), "oom_killed");
	ck_assert_str_eq(string(json, "scope"), "own");
	ck_assert_str_eq(string(json, "verdict"), "pass");
	ck_assert_int_eq(number(json, "run", "signal"), 9);
	ck_assert_ptr_null(json_object_get(json_object_get(json, "run"), "exit_status"));
	ck_assert_int_eq(number(json, "events", "oom_kill"), 1);
	ck_assert_int_eq(number(json, "memory", "max"), 512 << 20);
	ck_assert_int_eq(number(json, "memory", "peak"), 512 << 20);
	kill = json_array_get(json_object_get(json, "kills"), 0);
	ck_assert_str_eq(string(kill, "victim_comm"), "memset-2g");
	ck_assert_str_eq(string(kill, "constraint"), "MEMCG");
	ck_assert_int_eq(json_integer_value(json_object_get(kill, "anon_rss_bytes")), 535756800);
	ck_assert_int_eq(number(kill, "memory", "anon"), 535756800);
	ck_assert_uint_eq(json_array_size(json_object_get(kill, "tasks")), 1);
	ck_assert_uint_ge(json_array_size(json_object_get(kill, "cause_of_death")), 3);
	ck_assert_ptr_nonnull(strstr(string(kill, "summary"), "memset-2g"));
	kill = json_array_get(json_object_get(kill, "explanation"), 0);
	ck_assert_str_eq(string(kill, "topic"), "What happened");
	ck_assert_uint_eq(json_array_size(json_object_get(kill, "evidence")), 2);
	arena = json_array_get(json_object_get(json, "arenas"), 0);
	ck_assert_int_eq(number(arena, "clear_site", "line"), 138);
	ck_assert_uint_ge(json_array_size(json_object_get(json, "explanation")), 8);
	json_decref(json);
	forget(&t);
}
END_TEST

START_TEST(files_are_written_whole)
{
	static const char *const names[] = {"report.json", "report.txt", "report.md", "report.html",
					    "trace-events.json"};
	char dir[] = "/tmp/check_report.XXXXXX";
	struct err err = ERR_INIT;
	struct told t;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	tell(&t, "memset-2g");
	ck_assert_int_eq(report_write_all(&t.record, &t.conclusion, dir, &err), 0);
	ck_assert_int_eq(report_write_all(&t.record, &t.conclusion, dir, &err), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		_cleanup_strbuf_ struct strbuf path = STRBUF_INIT, sb = STRBUF_INIT;

		strbuf_printf(&path, "%s/%s", dir, names[i]);
		ck_assert_int_eq(io_read_at(AT_FDCWD, path.buf, 1 << 20, &sb), 0);
		ck_assert_uint_gt(sb.len, 1000);
		unlink(path.buf);
	}
	ck_assert_msg(!rmdir(dir), "something else was left in %s", dir);
	ck_assert_int_eq(report_write_all(&t.record, &t.conclusion, dir, &err), -1);
	ck_assert_int_eq(err.status, EXIT_LAB_BROKEN);
	ck_assert_ptr_nonnull(strstr(err.text, "report.json"));
	forget(&t);
}
END_TEST

/* Every prefix of a record tells something and crashes nowhere. */
START_TEST(any_cut_record_is_told)
{
	_cleanup_strbuf_ struct strbuf all = STRBUF_INIT;
	struct err err = ERR_INIT;

	ck_assert_int_eq(io_read_at(AT_FDCWD, FIXTURES "memset-2g.jsonl", 1 << 20, &all), 0);
	for (size_t len = 300; len < all.len; len += 211) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
		struct told t = {0};
		json_t *json;

		ck_assert_int_eq(record_load_memory(all.buf, len, &t.record, &err), 0);
		conclusion_draw(&t.record, &t.conclusion);
		facts_gather(&t.record, &t.conclusion, &t.facts);
		story_tell(&t.facts, &t.doc);
		emit_text(&t.doc, true, 80, &text);
		emit_markdown(&t.doc, &text);
		emit_html(&t.doc, &text);
		json = report_to_json(&t.facts, &t.doc);
		ck_assert_uint_gt(text.len, 1000);
		ck_assert_ptr_nonnull(json);
		json_decref(json);
		forget(&t);
	}
}
END_TEST

static TCase *whole_reports(void)
{
	TCase *t = tcase_create("whole reports");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, text_is_as_expected, 0, RECORDS);
	tcase_add_loop_test(t, markdown_is_as_expected, 0, RECORDS);
	tcase_add_loop_test(t, every_sentence_has_evidence, 0, RECORDS);
	tcase_add_loop_test(t, budgets_add_up, 0, RECORDS);
	tcase_add_loop_test(t, json_holds_the_schema, 0, RECORDS);
	tcase_add_test(t, json_tells_the_kill);
	tcase_add_test(t, a_small_victim_did_not_hold_it_all);
	tcase_add_test(t, json_tells_the_look);
	tcase_add_test(t, the_witness_tells_how_far_it_had_come);
	tcase_add_test(t, the_witness_claims_no_arena_that_rdi_is_not_in);
	tcase_add_test(t, the_story_fits_one_screen);
	tcase_add_test(t, text_wraps_at_the_width);
	tcase_add_test(t, colour_adds_nothing_but_colour);
	tcase_add_test(t, files_are_written_whole);
	tcase_add_test(t, any_cut_record_is_told);
	return t;
}

static TCase *escaping(void)
{
	TCase *t = tcase_create("escaping");

	tcase_add_test(t, no_format_carries_control_characters);
	tcase_add_test(t, html_has_no_tag_of_the_targets);
	tcase_add_test(t, html_fetches_nothing);
	tcase_add_test(t, markdown_tables_keep_their_columns);
	tcase_add_test(t, markdown_fences_outlast_backticks);
	tcase_add_test(t, markdown_paragraphs_begin_no_list);
	tcase_add_test(t, invisible_text_becomes_visible);
	return t;
}

int main(void)
{
	Suite *s = suite_create("report");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, whole_reports());
	suite_add_tcase(s, escaping());
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
