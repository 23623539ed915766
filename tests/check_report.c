/*
 * check_report.c - reports of whole records: byte for byte, with evidence for each sentence and
 * sums that are right.
 *
 * The expected texts stand in fixtures/records/ beside the records; after a wanted change look at
 * the difference, then take it over: UPDATE_GOLDEN=1 build/tests/check_report
 */
#include <stdlib.h>
#include <unistd.h>

#include "report/json.h"
#include "report/report.h"
#include "report_helpers.h"
#include "suite.h"

static void update(const char *path, const struct strbuf *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	ck_assert_int_eq(io_write_all(fd, text->buf, text->len), 0);
	close(fd);
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

START_TEST(text_is_as_expected)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct told t;

	tell(&t, records[_i]);
	doc_merge_evidence(&t.doc);
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
	doc_merge_evidence(&t.doc);
	emit_markdown(&t.doc, &text);
	assert_golden(records[_i], "md", &text);
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
	struct oomlog_task tasks[270];

	for (size_t i = 0; i < ARRAY_SIZE(tasks); i++)
		tasks[i] = (struct oomlog_task){.pid = 1000 + (int64_t)i, .rss_anon_bytes = 4096};
	tell(&t, "memset-2g");
	victim = *t.facts.victim;
	kill = *t.facts.kill;
	victim.anon_rss_bytes = 8192;
	kill.event.tasks = tasks;
	kill.event.task_count = ARRAY_SIZE(tasks);
	t.facts.victim = &victim;
	t.facts.kill = &kill;
	t.facts.arena = NULL;
	story_summary(&t.facts, &doc);
	ck_assert_str_eq(
		doc.blocks[0].text,
		"Memory went past the limit of 512 MiB, and the kernel killed the process, one of "
		"270 processes there. It held 8 KiB itself.");
	doc_clear(&doc);
	tasks[5].comm = "server";
	tasks[5].rss_anon_bytes = INT64_C(300) << 20;
	story_summary(&t.facts, &doc);
	ck_assert_str_eq(
		doc.blocks[0].text,
		"Memory went past the limit of 512 MiB, and the kernel killed the process, one of "
		"270 processes there. It held 8 KiB itself. server (pid 1005) held 300 MiB.");
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
	tell_record(t);
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
	ck_assert(says(&t, "in the middle of one instruction that had 1.1 MiB still to write."));
	ck_assert(says(&t, "It had come 510.9 MiB far into the arena \"game memory\": the "
			   "memset() at src/arena.c:"));
	ck_assert(says(&t, "had 1.5 GiB of 2 GiB still to clear"));
	ck_assert(says(&t,
		       "The invoker's registers in the kernel's account of the kill (pid 131): RIP "
		       "0x43010a, RSP 0x7ffe030a6588, RCX 0x11c010, RDI 0x7fa0"));
	forget(&t);
}
END_TEST

START_TEST(the_witness_claims_no_arena_that_rdi_is_not_in)
{
	struct told t;

	tell_with_base(&t, "140000000000000");
	ck_assert(says(&t, "in the middle of one instruction that had 1.1 MiB still to write"));
	ck_assert(!says(&t, "far into the arena"));
	forget(&t);
	tell_with_base(&t, "0");
	ck_assert(!says(&t, "far into the arena"));
	forget(&t);
}
END_TEST

START_TEST(files_are_written_whole)
{
	static const char *const names[] = {"report.json", "report.txt", "report.md", "report.html",
					    "trace-events.json"};
	char dir[] = "/tmp/check_report.XXXXXX";
	_cleanup_(folder_close) struct folder folder = FOLDER_INIT;
	struct err err = ERR_INIT;
	struct told t;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(folder_open(&folder, dir, &err), 0);
	tell(&t, "memset-2g");
	ck_assert_int_eq(report_write_all(&t.record, &t.conclusion, &folder, &err), 0);
	ck_assert_int_eq(report_write_all(&t.record, &t.conclusion, &folder, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_strbuf_ struct strbuf path = STRBUF_INIT, sb = STRBUF_INIT;

		strbuf_printf(&path, "%s/%s", dir, names[i]);
		ck_assert_int_eq(io_read_at(AT_FDCWD, path.buf, 1 << 20, &sb), 0);
		ck_assert_uint_gt(sb.len, 1000);
		unlink(path.buf);
	}
	ck_assert_msg(!rmdir(dir), "something else was left in %s", dir);
	ck_assert_int_eq(report_write_all(&t.record, &t.conclusion, &folder, &err), -1);
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
		tell_record(&t);
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
	tcase_add_test(t, a_small_victim_did_not_hold_it_all);
	tcase_add_test(t, the_witness_tells_how_far_it_had_come);
	tcase_add_test(t, the_witness_claims_no_arena_that_rdi_is_not_in);
	tcase_add_test(t, files_are_written_whole);
	tcase_add_test(t, any_cut_record_is_told);
	return t;
}

int main(void)
{
	TCase *const cases[] = {whole_reports()};

	return suite_run("report", cases, ARRAY_SIZE(cases));
}
